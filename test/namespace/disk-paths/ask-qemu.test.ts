import { writeLog } from '../faults/failed-migration';
import { configuration, furnish } from '../faults/workflow';
import { FuseMount, useStage } from '../harness';
import { ordersTo, recordingVirsh } from '../harness/fake-virsh';

// QEMU opens in the thread for which its guest waits, so it must not be asked about storage that does not answer. One VM
// has its disk on a file system that can be opened, and whose reads are never answered.

let slow: FuseMount | undefined;
afterEach(() => slow?.end());
const on = useStage();

const mount = '/mnt/slow';
const disk = { path: '/mnt/one/datastores/0/311/disk.0', type: 'file' } as const;
/** A virsh for which every QEMU has neither a block job nor a migration, and records what it is told to open. */
const virsh = recordingVirsh(`*query-block-jobs*) echo '{"return":[]}' ;;
    *blockdev-*) echo "$*" >>/mnt/orders; echo '{"return":{}}' ;;`);

/** What QEMUs were told to do, by the last digits of the names of their domains. */
function orders(uuids: Readonly<Record<string, string>>): string[] {
  const lines = ordersTo(on.stage).split('\n').filter(Boolean);
  on.stage.host.remove('/mnt/orders');
  return lines.map((line) => {
    const command = /blockdev-add|blockdev-del/.exec(line)?.[0] ?? line;
    return `${Object.entries(uuids).find(([, uuid]) => line.includes(uuid))?.[0] ?? ''}: ${command}`;
  });
}

test('QEMU is asked only about what another process has just opened and read, and never while libvirt has a job', async () => {
  furnish(on.stage);
  on.stage.host.file('/mnt/bin/virsh', virsh, { mode: 0o755 });
  const { qemu } = await on.startHealthy();
  on.stage.host.directory(mount);
  slow = await FuseMount.mount(on.stage.servant.pid, mount);
  on.stage.host.link(disk.path, `${mount}/disk.0`);
  const other = await on.stage.startQemu({ name: 'one-311', disks: [disk] });
  for (const name of ['one-310', 'one-311']) writeLog(on.stage, name, false);
  const uuids = { 310: qemu.uuid, 311: other.uuid };
  const run = async (...words: string[]): Promise<string> => {
    const env = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };
    const argv = [...words, '--json', '--config', configuration];
    const { stdout, timedOut } = await on.stage.run(argv, { env, deadline: 60_000 });
    expect(timedOut).toBe(false);
    return stdout;
  };

  await run('check', '--all', '--deep');
  const asked = (vm: string): string[] => [`${vm}: blockdev-add`, `${vm}: blockdev-del`];
  expect(orders(uuids)).toEqual([...asked('310'), ...asked('311')]);

  await run('check', '--all');
  await run('audit', '--here');
  await run('repair', '--all', '--dry-run');
  expect(orders(uuids)).toEqual([]);

  const status = on.stage.host.read('/mnt/libvirt/one-310.xml');
  const job = "<job type='none' async='migration out'/>";
  on.stage.writeStatus('one-310', status.replace('<domain ', `${job}<domain `));
  expect(await run('check', '310', '--deep')).toContain("libvirt's job migration out runs");
  expect(orders(uuids)).toEqual([]);
  on.stage.writeStatus('one-310', status);

  await slow.set('no-read');
  const { domains } = JSON.parse(await run('check', '--all', '--deep')) as { domains: object[] };
  const what = expect.stringContaining('the storage at /mnt/slow does not answer') as string;
  expect(domains[1]).toMatchObject({
    verdict: 'undecided',
    findings: expect.arrayContaining([expect.objectContaining({ state: 'unknown', what })]) as unknown,
  });
  expect(orders(uuids)).toEqual(asked('310'));
  expect(slow.unanswered).toEqual([expect.stringMatching(/^READ /)]);
  await slow.end();
});
