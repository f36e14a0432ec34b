import { setTimeout as pause } from 'node:timers/promises';
import type { MoveLog, Reactivation } from './model/failure-cause';
import { readAnswers, type QemuAnswers, type QmpReply } from '../hypervisor/model/qmp';
import { objection } from '../block-state/model/preconditions';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { log } from '../os/log';
import type { LogTail } from '../block-state/io/log-tail';
import { askMonitor, jobOf } from '../hypervisor/qmp-client';
import { endOfJob } from '../hypervisor/end-of-job';
import type { MoveSession } from './session';

const logPollMs = 5;
/** Before each look for QEMU on the destination, which has none yet when the mover starts. */
const destinationPollMs = 200;

/**
 * Waits next to a mover for a failed hand-over. On an affected QEMU the guest's next write may then kill it, so everything
 * that takes time is done before: virsh stays connected here, ssh to the destination. As soon as QEMU's log has the
 * failure, libvirt's job has ended and the destination has no copy of the domain, QEMU is ordered to take its disks back.
 */
export class ReactivationStandby {
  private readonly over = new AbortController();
  private readonly outcome: Promise<Reactivation | undefined>;

  constructor(
    private readonly session: MoveSession,
    private readonly watch: LogTail<MoveLog>,
  ) {
    session.virsh.connect();
    // It is awaited only after the mover's end, and a rejection before that would end this program.
    this.outcome = this.standBy().catch((error: unknown) => {
      log('the standby failed', { error: String(error) });
      return undefined;
    });
  }

  /** To be called when the mover has ended. @returns the re-activation, if a hand-over failed; it never rejects */
  async end(): Promise<Reactivation | undefined> {
    this.over.abort();
    return this.outcome;
  }

  private async standBy(): Promise<Reactivation | undefined> {
    const looking = this.lookForQemu();
    while (!this.watch.look().handingOverFailed) {
      // The log is read once more after the mover's end, as QEMU's line may arrive with it.
      if (this.over.signal.aborted) {
        await looking.end();
        return undefined;
      }
      await sleep(logPollMs, this.over.signal);
    }
    await looking.end();
    const ended = await endOfJob(this.session.domain, this.session.options.settings);
    if (isUnknown(ended)) return ended;
    const copy = await this.session.destination?.copyOf(this.session.domain);
    if (copy) return { unknown: copy.what };
    const cleared = performance.now();
    const done = await this.activate();
    if (done !== true) return done;
    const since = (moment: number): number => Math.round(moment - ended.at);
    return { milliseconds: since(performance.now()), destination: since(cleared) };
  }

  /**
   * While the memory is copied, looks for QEMU's process on the destination, whose end can be seen at once. Stops when it
   * was found, or by `end`; questions to the destination do not overlap.
   */
  private lookForQemu(): { readonly end: () => Promise<void> } {
    const ending = new AbortController();
    const { signal } = ending;
    const { destination, domain } = this.session;
    destination?.forgetQemu();
    const look = async (): Promise<void> => {
      await sleep(destinationPollMs, signal);
      if (!signal.aborted) await destination?.getReady();
      while (!signal.aborted && (await destination?.lookForQemu(domain)))
        await sleep(destinationPollMs, signal);
    };
    const looking = look();
    return {
      end: () => {
        ending.abort();
        return looking;
      },
    };
  }

  private async activate(): Promise<true | Unknown> {
    const { domain, options } = this.session;
    const answers = await this.answers();
    const job = jobOf(options.settings.libvirt.stateDirectory, domain.name);
    const refused = objection('cont', { job, memory: { unknown: textOf('memory-not-read') }, answers });
    if (refused) return { unknown: refused.what };
    const reply = await this.ask('cont');
    if (isUnknown(reply)) return reply;
    return reply.kind === 'return' ? true : { unknown: textOf('cont-refused', { words: reply.text }) };
  }

  /** QEMU reports the failed migration before it resumes the guest (migration.c, migration_iteration_finish); bounded. */
  private async answers(): Promise<QemuAnswers | Unknown> {
    const until = performance.now() + this.session.options.settings.migrate.destinationDeadline * 1000;
    for (;;) {
      const status = await this.ask('query-status');
      const migration = await this.ask('query-migrate');
      const answers = readAnswers(status, migration, { kind: 'return', value: [] });
      const isFinishing = !isUnknown(answers) && answers.status === 'finish-migrate';
      if (!isFinishing || performance.now() > until) return answers;
      await pause(logPollMs);
    }
  }

  private ask(execute: string): Promise<QmpReply | Unknown> {
    return askMonitor(this.session.virsh, this.session.domain.uuid, execute);
  }
}

/** Ends early when the signal is aborted. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}
