import { causeOf, MoveLog, type Attempt } from './model/failure-cause';
import { mustHoldQemu } from '../hypervisor/hold-qemu';
import { LogTail } from '../block-state/io/log-tail';
import type { MoveSession, GuardOptions, MoveObserver } from './session';
import type { Attempted } from './move-report';
import { JobWatchdog } from './job-watchdog';
import { ReactivationStandby } from './standby';

/** Only after a mover that failed. */
const logDrainTimeoutMs = 500;

/** One run of the mover, with its standby and its watchdog. @throws GuardError when it cannot be started */
export async function runMover(session: MoveSession, options: GuardOptions): Promise<Attempted> {
  const { domain } = session;
  const { settings } = options;
  const mover = options.mover(domain);
  const held = mustHoldQemu(domain);
  const watch = new LogTail(settings.libvirt.logDirectory, domain.name, new MoveLog());
  // Where the configuration does not have `cont` first, the reset after the mover uses what it has.
  const standsBy = settings.reset.strategies[0] === 'cont';
  const standBy = standsBy ? new ReactivationStandby(session, watch) : undefined;
  let observer: MoveObserver | undefined;
  try {
    const running = mover.start();
    const job = new JobWatchdog(session, running, (progress) => observer?.show?.(progress));
    observer = options.observe?.(domain, () => job.cancel());
    const output = await running.ended;
    await job.end();
    const { exit } = output;
    // QEMU writes its log through virtlogd: on a busy host the line arrives after the mover's end.
    if (exit !== 0) {
      await watch.until((lines) => lines.handingOverFailed, logDrainTimeoutMs);
      watch.look().takeOutput(output);
    }
    // The observer catches signals until QEMU has its disks back.
    const reactivation = await standBy?.end();
    const wasCancelled = job.wasCancelled || (observer?.aborted() ?? false);
    const { handingOverFailed, wasSaved } = watch.last();
    const aftermath = { handingOverFailed, alive: held.isAlive() !== false, stalled: job.stalled };
    const cause = exit === 0 ? undefined : causeOf(aftermath);
    const attempt: Attempt = { mover: mover.name, exit, ...(cause === undefined ? {} : { cause }) };
    const isOurs = cause === 'handing-over';
    return { attempt, output, wasCancelled, wasSaved, reactivation: isOurs ? reactivation : undefined };
  } finally {
    observer?.end();
    await standBy?.end();
    watch.close();
    held.close();
  }
}
