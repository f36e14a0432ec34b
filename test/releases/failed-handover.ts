import { type Domain, migrateToSink } from '../lab/harness';
import type { ReleaseStage } from './release-stage';
import { migrate } from './orders';

let lastVm = 600;

/** Two disks that the guest does not write to: a write to one that QEMU has lost would abort it. */
async function startVm({ lab }: ReleaseStage): Promise<Domain> {
  lastVm += 1;
  const disks = [
    { target: 'vda', volume: await lab.volume({ writesTo: [] }) },
    { target: 'vdb', volume: await lab.volume({ writesTo: [] }), shareable: true },
  ];
  return lab.startDomain(lastVm, { disks });
}

/**
 * Makes the hand-over fail at the second disk, when the first has been given up, and for another reason than a path: QEMU
 * does not give up a disk that a server of its own may write to (block/block-backend.c, blk_can_inactivate).
 * @returns a function that takes the server away
 */
async function preventHandOver(domain: Domain): Promise<() => Promise<void>> {
  const [, second] = await domain.qmp<readonly { inserted: { 'node-name': string } }[]>('query-block');
  const addr = { type: 'inet', data: { host: '127.0.0.1', port: '10809' } };
  await domain.qmp('nbd-server-start', { addr });
  const node = second?.inserted['node-name'];
  await domain.qmp('block-export-add', { type: 'nbd', id: 'other', 'node-name': node, writable: true });
  return async () => {
    await domain.qmp('nbd-server-stop');
  };
}

async function failHandOver(domain: Domain): Promise<void> {
  const before = domain.log().length;
  expect((await migrateToSink(domain)).status).toBe('failed');
  await domain.untilLogged('bdrv_inactivate_all() failed', before);
}

/** Whether a QEMU that failed to hand over its disks dies when it tries so again. */
async function losesItsDisks(stage: ReleaseStage): Promise<boolean> {
  const domain = await startVm(stage);
  await preventHandOver(domain);
  await failHandOver(domain);
  const { status } = await migrateToSink(domain);
  if (status === 'failed') await domain.destroy();
  else expect(domain.log()).toContain('Assertion `!(bs->open_flags & BDRV_O_INACTIVE)');
  return status !== 'failed';
}

/** A hand-over fails for another reason than a path: the block state is not called healthy, and a reset makes it so. */
export async function failedHandOver(stage: ReleaseStage): Promise<string> {
  const loses = await losesItsDisks(stage);
  const domain = await startVm(stage);
  const allow = await preventHandOver(domain);
  await failHandOver(domain);
  const { blockState, affected } = await stage.report(domain, 'inspect');
  const reports = await domain.qmp<readonly { active?: boolean }[]>('query-named-block-nodes', {
    flat: true,
  });
  const isReported = reports.some(({ active }) => active !== undefined);
  expect([blockState, affected]).toEqual(
    isReported ? ['healthy', 'no'] : ['unknown', loses ? 'unknown' : 'no'],
  );
  expect((await stage.report(domain, 'reset')).exit).toBe(0);
  await allow();
  const vm = { domain, ends: [] };
  expect(await migrate.run(stage, vm, 0, { name: 'raw', type: 'block', format: 'raw' })).toBeUndefined();
  await vm.domain.destroy();
  return loses ? 'shown: without its disks until a reset' : 'shown: QEMU takes its disks back by itself';
}
