import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { DomainReport } from '../../../src/core/finding';
import { type Domain, type Host, until, Volume } from '../harness';
import { useGuardStage } from './guard-stage';

const stage = useGuardStage();
const lab = '/run/migrate-guard-lab';
const link = '/dev/storpool/one-570-disk-0';

let domain: Domain;
let here: Host;
let there: Host;
let small: Volume;

beforeAll(async () => {
  domain = await stage.lab.startDomain(570, {});
  [here, there] = [stage.lab.host('kvm1'), stage.lab.host('kvm2')];
  small = await Volume.create(1024 * 1024);
  await there.addVolume(small);
});

// Where the lab did not start there is none.
afterAll(() => (small as Volume | undefined)?.release());

beforeEach(() => stage.configure('destination: { wait: 0 }'));

afterEach(() => there.link(link, `../${volume().name}`));

function volume(): Volume {
  const [disk] = domain.disks;
  if (disk?.volume === undefined) throw new Error('the domain has no volume');
  return disk.volume;
}

/** What the deep check says of the path on the destination. */
async function look(): Promise<Record<string, unknown>> {
  const { stdout } = await stage.run('check', domain.name, '--deep', '--destination', 'kvm2', '--json');
  const [report] = (JSON.parse(stdout) as { domains: DomainReport[] }).domains;
  const finding = report?.findings.find(({ check }) => check === 'destination');
  return { verdict: report?.verdict, what: finding?.what };
}

/** Hides what sysfs has about a device on a host. */
async function inSysfs(host: Host, attributes: Readonly<Record<string, string>>): Promise<void> {
  const directory = `${lab}/sysfs`;
  host.remove(directory);
  mkdirSync(host.path(`${directory}/dm`), { recursive: true });
  for (const [name, value] of Object.entries(attributes))
    writeFileSync(host.path(`${directory}/${name}`), `${value}\n`);
  await host.succeed(['mount', '--bind', directory, `/sys/dev/block/${volume().rdev}`]);
}

test('the same device', async () => {
  expect(await look()).toEqual({ verdict: 'safe', what: 'the path leads to a block special file on kvm2' });
});

test('a file where the link should be', async () => {
  there.remove(link);
  writeFileSync(there.path(link), '');
  const what = 'the path leads to a regular file on kvm2, where QEMU needs a block device';
  expect(await look()).toEqual({ verdict: 'blocked', what });
});

test('a device that is smaller than QEMU’s', async () => {
  there.link(link, `../${small.name}`);
  const what = 'the path leads to a device of 1048576 bytes on kvm2, but QEMU’s disk has 2097152 bytes';
  expect(await look()).toEqual({ verdict: 'blocked', what });
});

test('another volume, by the names that both hosts have for it', async () => {
  const group = 'a'.repeat(32);
  const uuid = (name: string): string => `LVM-${group}${name.repeat(32)}`;
  // Where device-mapper is missing, as in most containers, only a stand-in for sysfs has such names.
  const attributes = { size: '4096', ro: '0' };
  await inSysfs(here, { ...attributes, 'dm/uuid': uuid('b') });
  await inSysfs(there, { ...attributes, 'dm/uuid': uuid('c') });
  const what = `the path leads to ${uuid('c')} on kvm2, but to ${uuid('b')} on this host`;
  expect(await look()).toEqual({ verdict: 'blocked', what });
  writeFileSync(there.path(`${lab}/sysfs/dm/uuid`), `${uuid('b')}\n`);
  expect(await look()).toMatchObject({ verdict: 'safe' });
});

test('links that are away on both hosts, and are made after they were asked for: the VM is moved', async () => {
  stage.configure('destination: { wait: 60 }');
  const asked = await untilStat(there);
  for (const host of [here, there]) host.remove(link);
  const moved = stage.guarded('migrate', domain.name, 'kvm2');
  await asked();
  for (const host of [here, there]) host.link(link, `../${volume().name}`);
  expect(await moved).toMatchObject({ exit: 0, report: { result: 'done' } });
  await stage.expectAliveOn('kvm2', domain);
});

/** Puts a program before the host's `stat`; returns a function that waits until it has been called and has ended. */
async function untilStat(host: Host): Promise<() => Promise<void>> {
  const [mark, real, wrapper] = [`${lab}/asked/mark`, `${lab}/stat`, `${lab}/stat-wrapper`];
  mkdirSync(host.path(`${lab}/asked`));
  chmodSync(host.path(`${lab}/asked`), 0o1777);
  await host.succeed(['cp', '/usr/bin/stat', real]);
  writeFileSync(host.path(wrapper), `#!/bin/sh\n${real} "$@"\nend=$?\n: >${mark}\nexit $end\n`, {
    mode: 0o755,
  });
  await host.succeed(['mount', '--bind', wrapper, '/usr/bin/stat']);
  return async () => {
    await until(() => existsSync(host.path(mark)), { what: `${host.name} has been asked` });
  };
}
