import { causeOf, MoveLog, type Attempt } from './model/failure-cause';
import { mustHoldQemu } from '../hypervisor/hold-qemu';
import { LogWatch } from './io/log-tail';
import type { MoveSession, GuardOptions, MoveObserver } from './session';
import type { Attempted } from './move-report';
import { JobWatchdog } from './job-watchdog';
import { ReactivationStandby } from './standby';

/** Milliseconds. Only a mover that failed is waited for. */
const logDrainTimeoutMs = 500;

/** One run of the mover, with someone standing by. @throws GuardError when it cannot be started */
export async function runMover(session: MoveSession, options: GuardOptions): Promise<Attempted> {
  const { domain } = session;
  const { settings } = options;
  const mover = options.mover(domain);
  const held = mustHoldQemu(domain);
  const watch = new LogWatch(settings.libvirt.logDirectory, domain.name, new MoveLog());
  // A site that allows only other remedies than `cont` gets them after the mover, by the reset.
  const standsBy = settings.reset.strategies[0] === 'cont';
  const standBy = standsBy ? new ReactivationStandby(session, watch) : undefined;
  let observer: MoveObserver | undefined;
  try {
    const running = mover.start();
    const job = new JobWatchdog(session, running, (progress) => observer?.show?.(progress));
    observer = options.moving?.(domain, () => job.abort());
    const output = await running.ended;
    await job.end();
    const { exit } = output;
    // virtlogd stands between QEMU and its log: on a busy host the words come after the mover's end.
    if (exit !== 0) await watch.until((said) => said.handingOverFailed, logDrainTimeoutMs);
    // Signals stay caught until QEMU has its disks back.
    const reactivation = await standBy?.end();
    const isToldToEnd = job.wasAborted || (observer?.aborted() ?? false);
    const { handingOverFailed, wasSaved } = watch.last();
    const aftermath = { handingOverFailed, alive: held.isAlive() !== false, stalled: job.stalled };
    const cause = exit === 0 ? undefined : causeOf(aftermath);
    const attempt: Attempt = { mover: mover.name, exit, ...(cause === undefined ? {} : { cause }) };
    const isOurs = cause === 'handing-over';
    return { attempt, output, isToldToEnd, wasSaved, reactivation: isOurs ? reactivation : undefined };
  } finally {
    observer?.end();
    await standBy?.end();
    watch.close();
    held.close();
  }
}
