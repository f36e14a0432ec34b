import { existsSync, readFileSync } from 'node:fs';
import { affectedQemu, Host, migrateToSink, relinkDisk, startDomain, until, Volume } from '../lab/harness';

// The harness is verified with a real QEMU before other tests rely on it.

let host: Host;
const hosts: Host[] = [];
const volumes: Volume[] = [];

async function volume(writesTo: readonly number[]): Promise<Volume> {
  const created = await Volume.create();
  created.installGuest({ writesTo });
  volumes.push(created);
  return created;
}

async function startHost(name: string): Promise<Host> {
  const started = await Host.start({ name });
  hosts.push(started);
  return started;
}

beforeAll(async () => {
  host = await startHost('kvm1');
});

afterAll(async () => {
  await Promise.all(hosts.map((started) => started.stop()));
  for (const created of volumes) created.release();
});

const INACTIVATE_FAILED = 'bdrv_inactivate_all() failed';

describe('a domain of Debian’s QEMU', () => {
  test('runs a guest that counts and writes to each of its disks', async () => {
    const [first, second, third] = [await volume([0, 2]), await volume([]), await volume([])];
    const disks = [
      { target: 'vda', volume: first },
      { target: 'vdb', volume: second },
      { target: 'vdc', volume: third },
    ];
    const domain = await startDomain(host, { vmId: 300, disks });
    const before = await first.readCounter();
    await until(async () => (await first.readCounter()) > before + 1, {
      what: 'the counter on the first disk grows',
    });
    await until(async () => (await third.readCounter()) > before, {
      what: 'the counter on the third disk grows',
    });
    expect(await second.readCounter()).toBe(0);
    await domain.destroy();
    expect(domain.alive()).toBe(false);
  });

  test('completes a migration into the sink, and QMP cont resumes it', async () => {
    const disk = await volume([0]);
    const domain = await startDomain(host, { vmId: 310, disks: [{ target: 'vda', volume: disk }] });
    expect(await migrateToSink(domain)).toEqual({ status: 'completed', log: '' });
    expect(await domain.state()).toBe('paused');
    await domain.qmp('cont');
    await domain.expectCounting();
    const before = await disk.readCounter();
    await until(async () => (await disk.readCounter()) > before, { what: 'the guest writes again' });
    await domain.destroy();
  });

  test('fails to migrate after its disk was re-pointed, and continues to run', async () => {
    const disk = await volume([0]);
    const domain = await startDomain(host, { vmId: 311, disks: [{ target: 'vda', volume: disk }] });
    const link = relinkDisk(domain);
    expect(existsSync(host.path(link))).toBe(true);
    expect(existsSync(host.path(`/proc/${domain.pid}/root/dev/storpool-byid`))).toBe(false);
    expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
    await domain.untilLogged(INACTIVATE_FAILED);
    expect(await domain.state()).toBe('running');
    const before = await disk.readCounter();
    await until(async () => (await disk.readCounter()) > before, { what: 'the guest still writes' });
    await domain.destroy();
  });
});

describe('a domain of QEMU 7.2.0', () => {
  test('has this version', async () => {
    const { stdout } = await host.succeed([affectedQemu(), '--version']);
    expect(stdout).toContain('version 7.2.0');
  });

  test('stays stuck after the path is complete again, until QMP cont', async () => {
    const disk = await volume([0]);
    const disks = [{ target: 'vda', volume: disk }];
    const domain = await startDomain(host, { vmId: 320, disks, emulator: 'affected' });
    relinkDisk(domain);
    expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
    await domain.untilLogged(INACTIVATE_FAILED);
    host.link('/var/lib/one/datastores/0/320/disk.0', '/dev/storpool/one-320-disk-0');
    expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
    await domain.qmp('cont');
    expect(await migrateToSink(domain)).toMatchObject({ status: 'completed' });
    await domain.qmp('cont');
    await domain.expectCounting();
    await domain.destroy();
  });

  test('dies of a second attempt when another disk was left inactive', async () => {
    // The guest must not write: a write alone would abort its QEMU.
    const disks = [
      { target: 'vda', volume: await volume([]) },
      { target: 'vdb', volume: await volume([]) },
    ];
    const domain = await startDomain(host, { vmId: 321, disks, emulator: 'affected' });
    relinkDisk(domain, 1);
    expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
    await domain.expectCounting();
    const second = await migrateToSink(domain);
    expect(second.status).toBeUndefined();
    expect(domain.alive()).toBe(false);
    await until(() => domain.log().includes('bdrv_inactivate_recurse: Assertion'), {
      what: 'the log tells why',
    });
  });
});

test('a stopped host leaves no process, no device', async () => {
  const disk = await volume([0]);
  const backing = backingFile(disk);
  expect(backing).toContain('migrate-guard-volume-');
  const other = await startHost('kvm2');
  const domain = await startDomain(other, { disks: [{ target: 'vda', volume: disk }] });
  await other.stop();
  disk.release();
  expect(existsSync(`/proc/${domain.outerPid}`)).toBe(false);
  // Another test may have got the device in the meantime, so the test cannot check that it is free.
  await until(() => backingFile(disk) !== backing, { what: `${disk.device} lets go of its file` });
});

function backingFile({ name }: Volume): string | undefined {
  try {
    return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8');
  } catch {
    return undefined;
  }
}
