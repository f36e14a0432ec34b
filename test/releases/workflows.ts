import { readLog } from '../../src/block-state/model/log-signatures';
import { breakPath, type DiskKind, DiskMaker, type Vm } from './disk-kinds';
import { failedHandOver } from './failed-handover';
import { migrate, save, snapshot } from './orders';
import type { ReleaseStage } from './release-stage';
import { Domain } from '../lab/harness';

type Workflow = (stage: ReleaseStage, maker: DiskMaker) => Promise<string>;

const shown = 'shown';
const file = '/var/lib/one/datastores/0/guarded.save';
const qcow2: DiskKind = { name: 'qcow2 on a block device', type: 'block', format: 'qcow2' };

/** Two qcow2 disks, because on every release a path of such a disk is opened again; the second path is missing. */
async function brokenVm(stage: ReleaseStage, maker: DiskMaker): Promise<Vm> {
  const vm = await maker.start(qcow2, 2);
  await breakPath(stage.lab, vm, 1, 'directory');
  return vm;
}

/** A failed migration, then inspect, reset, repair, and the same migration again. */
const afterFailure: Workflow = async (stage, maker) => {
  const vm = await brokenVm(stage, maker);
  const failure = await migrate.run(stage, vm, 1, qcow2);
  if (failure === undefined) return 'does not apply: the migration succeeds without the path';
  // This release's text proves that no copy owns the disks.
  expect(readLog(vm.domain.log()).lastMigration).toBe('kept');
  // QEMU 7.2 does not say whether it took its disks back: it can be read from its memory, or be made sure by a reset.
  const { blockState } = await stage.report(vm.domain, 'inspect');
  expect(['healthy', 'unknown']).toContain(blockState);
  expect((await stage.report(vm.domain, 'reset')).exit).toBe(0);
  expect(await stage.report(vm.domain, 'repair')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await stage.report(vm.domain, 'check', '--deep')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await migrate.run(stage, vm, 1, qcow2)).toBeUndefined();
  await vm.domain.destroy();
  return shown;
};

/**
 * A guest that arrives paused is left alone until it is resumed, unless QEMU itself reports its disks as active; then it
 * is healthy, and moves on.
 */
const pausedArrival: Workflow = async (stage, maker) => {
  const vm = await maker.start(qcow2, 1);
  const to = stage.other(vm.domain.host);
  const moved = await stage.lab.migrate(vm.domain, to.name, ['--unsafe', '--suspend']);
  expect(moved).toMatchObject({ exit: 0 });
  const { name, uuid, vmId, disks } = vm.domain;
  vm.domain = new Domain(to, name, uuid, vmId, disks);
  const { verdict, blockState } = await stage.report(vm.domain, 'inspect');
  const nodes = await vm.domain.qmp<readonly { active?: boolean }[]>('query-named-block-nodes', {
    flat: true,
  });
  const areActive = nodes.every(({ active }) => active === true);
  // Before QEMU 10 it is not told: it can be read from its memory, where the layout of that is known.
  const expected = areActive ? ['safe', 'healthy'] : ['undecided', 'unknown'];
  expect([verdict, blockState]).toEqual(expected);
  if (!areActive) expect((await stage.guard(to, 'save', name, file)).exit).toBe(2);
  expect(await vm.domain.state()).toBe('paused');
  await to.virsh('resume', name);
  await vm.domain.expectCounting();
  expect(await stage.report(vm.domain, 'check', '--deep')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await migrate.run(stage, vm, 0, qcow2)).toBeUndefined();
  await vm.domain.destroy();
  return areActive ? 'shown: QEMU reports active disks, and it is safe' : 'shown: undecided until its resume';
};

/** The guard repairs the path, and the move succeeds at its first attempt. */
const guardedMigrate: Workflow = async (stage, maker) => {
  const vm = await brokenVm(stage, maker);
  const to = stage.other(vm.domain.host);
  const { exit, stdout, stderr } = await stage.guard(
    vm.domain.host,
    'migrate',
    vm.domain.name,
    to.name,
    '--json',
  );
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  expect(JSON.parse(stdout)).toMatchObject({ result: 'done', attempts: [{ exit: 0 }] });
  await vm.domain.on(to).expectCounting();
  await vm.domain.on(to).destroy();
  return shown;
};

const guardedSave: Workflow = async (stage, maker) => {
  const vm = await brokenVm(stage, maker);
  const { host, name, uuid, vmId, disks } = vm.domain;
  const { exit, stdout } = await stage.guard(host, 'save', name, file, '--json');
  expect([exit, JSON.parse(stdout)]).toMatchObject([0, { result: 'done', attempts: [{ exit: 0 }] }]);
  await host.virsh('restore', file);
  host.remove(file);
  const restored = new Domain(host, name, uuid, vmId, disks);
  await restored.expectCounting();
  await restored.destroy();
  return shown;
};

/** A snapshot that was taken while the path was missing: found, repaired, and the VM is saved and moves. */
const snapshotWhileMissing: Workflow = async (stage, maker) => {
  const vm = await brokenVm(stage, maker);
  expect(await snapshot.run(stage, vm, 1, qcow2)).toBeUndefined();
  expect(await stage.report(vm.domain, 'repair')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await stage.report(vm.domain, 'check', '--deep')).toMatchObject({ exit: 0, verdict: 'safe' });
  expect(await save.run(stage, vm, 1, qcow2)).toBeUndefined();
  expect(await migrate.run(stage, vm, 1, qcow2)).toBeUndefined();
  await vm.domain.destroy();
  return shown;
};

export const workflows: readonly (readonly [string, Workflow])[] = [
  ['a guarded live migration repairs a missing path', guardedMigrate],
  ['a guarded save repairs a missing path', guardedSave],
  ['inspect, reset, repair and retry after a failed live migration', afterFailure],
  ['a live migration that fails for another reason than a path', failedHandOver],
  ['a guest that arrived paused is left alone until its resume', pausedArrival],
  ['a snapshot taken while the path was missing', snapshotWhileMissing],
];
