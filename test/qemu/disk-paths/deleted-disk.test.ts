import { startDomain, type Domain, Volume } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { Stage } from '../qemu-stage';

// The file of a disk is deleted while QEMU holds it open. The test follows the advised remedy word by word.

let stage: Stage;
const volumes: Volume[] = [];
const bytes = 2 * 1024 * 1024;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(async () => {
  await ifMade(stage, (made) => made.stop());
  for (const volume of volumes) volume.release();
});

const shell = (script: string): Promise<unknown> =>
  stage.host.succeed(['sh', '-ec', script], { deadline: 60_000 });

interface Started {
  readonly domain: Domain;
  readonly path: string;
  /** Proves that everything the guest wrote is in the file. */
  readonly verify: () => Promise<void>;
}

/** A domain with one file, to which its guest writes. */
async function start(vmId: number, format: 'raw' | 'qcow2'): Promise<Started> {
  const directory = `/var/lib/one/datastores/0/${vmId}`;
  const path = `${directory}/disk.0`;
  const volume = await Volume.create(bytes);
  volumes.push(volume);
  volume.installPatternGuest({ writesTo: [0] });
  const node = await stage.host.addVolume(volume);
  const convert = (from: string, to: string, at: string): string =>
    `qemu-img convert -n -f ${from} -O ${to} ${at}`;
  await shell(
    `mkdir -p ${directory}; qemu-img create -f ${format} ${path} ${bytes}; ` +
      `${convert('raw', format, `${node} ${path}`)}; chown -R 9869:9869 ${directory}`,
  );
  const disks = [{ target: 'vda', path, type: 'file', format }] as const;
  const domain = await startDomain(stage.host, { vmId, disks });
  const verify = async (): Promise<void> => {
    await domain.expectCounting();
    const confirmed = domain.counter();
    await domain.destroy();
    await shell(convert(format, 'raw', `${path} ${node}`));
    await volume.verifyPattern(confirmed);
  };
  return { domain, path, verify };
}

async function remedyOf(name: string): Promise<string> {
  const { exit, verdict, findings } = await stage.report('check', name);
  expect([exit, verdict]).toEqual([1, 'blocked']);
  return findings.find(({ state }) => state === 'problem')?.remedy ?? '';
}

const begins = 'do not power off, restart or migrate it: QEMU has the only copy of a deleted file. As root: ';

describe.each([
  ['raw', 360],
  ['qcow2', 370],
] as const)('%s', (format, base) => {
  test.each([
    ['deleted', 0, (path: string) => `rm ${path}`],
    [
      'replaced by another',
      1,
      (path: string) => `qemu-img create -f ${format} ${path}.new ${bytes}; mv ${path}.new ${path}`,
    ],
  ])('a file that was %s is copied out, and nothing that the guest wrote is lost', async (_, more, lose) => {
    const { domain, path, verify } = await start(base + more, format);
    await shell(lose(path));
    const remedy = await remedyOf(domain.name);
    expect(remedy.slice(0, begins.length)).toBe(begins);
    await shell(remedy.slice(begins.length));
    expect((await stage.report('check', domain.name, '--deep')).verdict).toBe('safe');
    await verify();
  });
});

test('a deleted backing file is copied back unchanged', async () => {
  const directory = '/var/lib/one/datastores/0/380';
  const base = `${directory}/base`;
  await shell(
    `mkdir -p ${directory}; qemu-img create -f raw ${base} ${bytes}; qemu-img create -f qcow2 -b base -F raw ${directory}/disk.0; ` +
      `echo content | dd of=${base} conv=notrunc; chown -R 9869:9869 ${directory}`,
  );
  const disks = [{ target: 'vda', path: `${directory}/disk.0`, type: 'file', format: 'qcow2' }] as const;
  const domain = await startDomain(stage.host, { vmId: 380, disks, boot: false });
  const before = (await stage.host.run(['sha256sum', base])).stdout;
  await shell(`rm ${base}`);
  const remedy = await remedyOf(domain.name);
  expect(remedy).toMatch(/; then power the VM off and start it$/);
  await shell(remedy.slice(begins.length).replace(/; then .*$/, ''));
  expect((await stage.host.run(['sha256sum', base])).stdout).toBe(before);
  await domain.destroy();
  const again = await startDomain(stage.host, { vmId: 380, disks, boot: false });
  expect((await stage.report('check', again.name)).verdict).toBe('safe');
  await again.destroy();
});
