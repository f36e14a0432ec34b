import { versionNumber } from '../../../src/cli/version';
import type { FleetReport } from '../../../src/fleet/model/fleet';
import type { ProbedVm } from '../../../src/opennebula/model/monitoring-attributes';
import { writeLog } from '../faults/failed-migration';
import { furnishHostHalf } from '../faults/workflow';
import { giveToQemu, placeDisk, useStage, type PlacedDisk, type Qemu } from '../harness';
import { RunningWatcher } from './running-watcher';

const on = useStage({ volumes: 1 });
let watcher: RunningWatcher | undefined;

afterEach(() => watcher?.end('SIGKILL'));

interface Vm {
  readonly disk: PlacedDisk;
  readonly qemu: Qemu;
}

async function startVm(vm: number): Promise<Vm> {
  const disk = await placeDisk(on.stage, on.volume(0), 0, vm);
  writeLog(on.stage, `one-${vm}`, false);
  const prepare = (tree: Qemu['tree']): Promise<void> => giveToQemu(tree, disk);
  return { disk, qemu: await on.stage.startQemu({ name: `one-${vm}`, disks: [disk], prepare }) };
}

async function probe(): Promise<Record<string, ProbedVm>> {
  renewTime();
  const input = `${JSON.stringify({ version: versionNumber, action: 'probe' })}\n`;
  const { stdout } = await on.stage.run(['host'], { input });
  const { report } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { report: readonly ProbedVm[] };
  return Object.fromEntries(report.map((vm) => [vm.vmId, vm]));
}

async function audit(): Promise<FleetReport> {
  renewTime();
  const { stdout } = await on.stage.run(['audit', '--here', '--json', ...on.stage.configuration]);
  return JSON.parse(stdout) as FleetReport;
}

/** As if the watcher, which is stopped, had just written it: these tests may run on a slow machine. */
function renewTime(): void {
  const state = watcher?.state();
  if (!state) return;
  const text = JSON.stringify({ ...state, time: new Date().getTime() / 1000 });
  on.stage.host.file('/run/migrate-guard/watch.json', text, { mode: 0o644 });
}

/** Without when they were looked at. */
function withoutTime({ domains }: FleetReport): object[] {
  return domains.map((vm) => ({ ...vm, seen: null }));
}

test('probe and audit --here take what a running watcher has found safe, and check all else, and all without it', async () => {
  furnishHostHalf(on.stage);
  const vms = [await startVm(1), await startVm(2), await startVm(3)];
  const [checked, probed] = [await audit(), await probe()];
  expect(checked.hosts).toMatchObject([{ watcher: { up: false } }]);

  watcher = RunningWatcher.start(on.stage);
  await watcher.sees('that all is well', ({ domains }) => {
    const all = Object.values(domains);
    return all.length === 3 && all.every(({ verdict, pending }) => verdict === 'safe' && !pending);
  });
  // It notices nothing from here on.
  watcher.child.kill('SIGSTOP');
  const taken = await audit();
  expect(withoutTime(taken)).toEqual(withoutTime(checked));
  expect(taken.domains.map(({ seen }) => (seen ?? '') < taken.time)).toEqual([true, true, true]);
  expect(taken.hosts).toMatchObject([{ watcher: { up: true, repaired: 0 } }]);
  expect(await probe()).toEqual(probed);
  expect(Object.values(probed).map(({ deployId }) => deployId)).toEqual(vms.map(({ qemu }) => qemu.uuid));

  // What starts or ends, and what changes in libvirt's status or in QEMU's /dev.
  const [first, second] = vms;
  first?.qemu.tree.remove(first.disk.node);
  const { qemu } = await startVm(4);
  const repairable = { verdict: 'repairable' };
  expect(await probe()).toMatchObject({
    ...probed,
    1: repairable,
    4: { deployId: qemu.uuid, verdict: 'safe' },
  });
  on.stage.host.inside('touch', '/mnt/libvirt/one-3.xml');
  await second?.qemu.servant.end();
  on.stage.host.remove('/mnt/libvirt/one-4.xml');
  const changed = await probe();
  expect(changed).toMatchObject({ 1: repairable, 3: { verdict: 'safe' } });
  expect([changed[2]?.verdict, changed[4]]).toEqual(['undecided', undefined]);
  const checkedAgain = await audit();
  expect(checkedAgain).toMatchObject({
    domains: [
      { domain: 'one-2', verdict: 'undecided' },
      { domain: 'one-1', verdict: 'repairable', plan: [{ step: 'make-node' }] },
      { domain: 'one-3', verdict: 'safe' },
    ],
  });
  const isNew = ({ seen }: { readonly seen: string | null }): boolean => (seen ?? '') >= checkedAgain.time;
  expect(checkedAgain.domains.map(isNew)).toEqual([true, true, true]);

  await watcher.end('SIGKILL');
  expect(await probe()).toMatchObject({ 1: repairable, 3: { verdict: 'safe' } });
});
