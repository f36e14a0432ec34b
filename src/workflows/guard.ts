import { causeOf, mayRetry, MoveLog, type Attempt } from '../core/attempt';
import { GuardError } from '../core/errors';
import { withDomainLock } from '../system/domain-lock';
import { LogWatch } from '../system/log-watch';
import { jobOf } from '../system/monitor';
import { brokenOff, endedEarly, failedOtherwise, heal, notAgain } from './after-failure';
import { died, succeeded } from './arrival';
import { GuardCourse, type GuardOptions, type GuardReport } from './guard-course';
import { isGone, mustHoldQemu } from './inspect';
import { JobWatch } from './job-watch';
import { makeSafe } from './make-safe';
import { StandBy, type Reactivation } from './reactivate';

export {
  guardResults,
  type GuardAction,
  type GuardOptions,
  type GuardReport,
  type Movement,
  type Moving,
} from './guard-course';

/** Milliseconds. Only a mover that failed is waited for. */
const lastWordsWait = 500;

/** Checks, repairs and resets a domain, lets the mover move it, and mends what the move broke. @throws GuardError */
export async function guard(word: string, options: GuardOptions): Promise<GuardReport> {
  return GuardCourse.with(word, { ...options, connect: true }, (course) =>
    withDomainLock(course.domain.name, () => move(course, options)),
  );
}

async function move(course: GuardCourse, options: GuardOptions): Promise<GuardReport> {
  refuseBusy(course);
  const refusal = await makeSafe(course);
  if (refusal) return refusal;
  try {
    const report = await moveSafe(course, options);
    // A guest that writes to a disk which QEMU has not ends QEMU, also while it is being healed.
    const isNews = report.result !== 'done' && !course.hasLookedElsewhere;
    return isNews && isGone(course.domain) ? await died(course) : report;
  } catch (error) {
    // A mover's failure is not forgotten for what went wrong after it.
    if (!(error instanceof GuardError) || course.attempts.length === 0) throw error;
    return await (isGone(course.domain) ? died(course) : brokenOff(course, error));
  }
}

async function moveSafe(course: GuardCourse, options: GuardOptions): Promise<GuardReport> {
  for (;;) {
    const { reactivation, cause } = await attempt(course, options);
    if (cause === undefined) return await succeeded(course);
    if (cause === 'died') return await died(course);
    if (cause === 'stalled') return await endedEarly(course, 'its copy stood still, and was ended');
    if (cause === 'other') {
      return await (course.aborted ? endedEarly(course, 'it was told to end') : failedOtherwise(course));
    }
    const unhealed = await heal(course, reactivation);
    if (unhealed) return unhealed;
    if (course.aborted) return course.report('mover-failed', 'not tried again, because it was told to end');
    const refused = await makeSafe(course);
    if (refused) return notAgain(refused);
    if (!mayRetry(course.attempts, { healed: true, safe: true })) {
      const what = 'QEMU could not hand over its disks a second time, and has them back';
      return course.report('mover-failed', what, `see migrate-guard check ${course.domain.name} --deep`);
    }
  }
}

/**
 * A mover outlives a guard that was killed, and others move domains, too: libvirt lets a second move wait, and then
 * fails it. @throws GuardError
 */
function refuseBusy({ domain, options }: GuardCourse): void {
  const job = jobOf(options.settings.libvirt.stateDirectory, domain.name);
  if (typeof job !== 'string') return;
  const remedy = `wait for its end, or end it: virsh domjobabort ${domain.name}`;
  throw new GuardError('busy', `libvirt has a job of ${domain.name} under way (${job})`, remedy);
}

interface Outcome {
  readonly reactivation: Reactivation | undefined;
  readonly cause: Attempt['cause'];
}

/** One run of the mover, with someone standing by. */
async function attempt(course: GuardCourse, options: GuardOptions): Promise<Outcome> {
  const { domain } = course;
  const { settings } = options;
  const mover = options.mover(domain);
  const held = mustHoldQemu(domain);
  const watch = new LogWatch(settings.libvirt.logDirectory, domain.name, new MoveLog());
  // A site that allows only other remedies than `cont` gets them after the mover, by the reset.
  const standsBy = settings.reset.strategies[0] === 'cont';
  const standBy = standsBy ? new StandBy(course, watch) : undefined;
  let beside: ReturnType<NonNullable<GuardOptions['moving']>> | undefined;
  try {
    const running = mover.start();
    const job = new JobWatch(course, running, (progress) => beside?.show?.(progress));
    beside = options.moving?.(domain, { abort: () => job.abort() });
    const moved = await running.ended;
    await job.end();
    course.output = moved;
    // virtlogd stands between QEMU and its log: on a busy host the words come after the mover's end.
    if (moved.exit !== 0) await watch.until((said) => said.handingOverFailed, lastWordsWait);
    // Signals stay caught until QEMU has its disks back.
    const reactivation = await standBy?.end();
    course.aborted = job.told || (beside?.aborted() ?? false);
    const failed = moved.exit !== 0;
    const { handingOverFailed, wasSaved } = watch.last();
    course.wasSaved = wasSaved;
    const cause = failed
      ? causeOf({ handingOverFailed, alive: held.isAlive() !== false, stalled: job.stalled })
      : undefined;
    course.attempts.push({ mover: mover.name, exit: moved.exit, ...(cause === undefined ? {} : { cause }) });
    return { reactivation, cause };
  } finally {
    beside?.end();
    await standBy?.end();
    watch.close();
    held.close();
  }
}
