import { setTimeout as pause } from 'node:timers/promises';
import type { MoveLog, Reactivation } from './model/failure-cause';
import { readAnswers, type QemuAnswers, type QmpReply } from '../hypervisor/model/qmp';
import { objection } from '../block-state/model/preconditions';
import { isUnknown, type Unknown } from '../core/unknown';
import { log } from '../os/log';
import type { LogWatch } from './io/log-tail';
import { askMonitor, jobOf } from '../hypervisor/qmp-client';
import { endOfJob } from '../hypervisor/end-of-job';
import type { MoveSession } from './session';

/** Milliseconds between two looks at a log. */
const logPollMs = 5;
/** Before each look for QEMU on the destination. None is there when the mover starts; the second look may already tell. */
const destinationPollMs = 200;

/**
 * Stands by while a mover runs. On an affected QEMU the guest's next write may kill it once handing over has
 * failed, so everything that takes time is done before: virsh stays connected here, ssh to the destination.
 * As soon as QEMU's log tells of the failure, libvirt's job has ended and the destination holds no copy of the
 * domain, QEMU is told to take its disks back.
 */
export class ReactivationStandby {
  private readonly over = new AbortController();
  private readonly outcome: Promise<Reactivation | undefined>;

  constructor(
    private readonly session: MoveSession,
    private readonly watch: LogWatch<MoveLog>,
  ) {
    session.virsh.connect();
    // Nobody waits for it before the mover has ended, and a failure that nobody waits for would end this program.
    this.outcome = this.standBy().catch((error: unknown) => {
      log('standing by failed', { error: String(error) });
      return undefined;
    });
  }

  /** The mover has ended. Gives what became of a failure, if there was one; and ends the standing by. It never rejects. */
  async end(): Promise<Reactivation | undefined> {
    this.over.abort();
    return this.outcome;
  }

  private async standBy(): Promise<Reactivation | undefined> {
    const looking = this.lookForQemu();
    while (!this.watch.look().handingOverFailed) {
      // One look after the mover's end, since its last words and QEMU's may come together.
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
   * While the memory is copied: whoever knows QEMU over there sees at once when it is gone. Ends when it was seen, or
   * when that is not of interest any more; questions to the destination do not overlap.
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
    const refused = objection('cont', { job, memory: { unknown: 'not read' }, answers });
    if (refused) return { unknown: refused.what };
    const reply = await this.ask('cont');
    if (isUnknown(reply)) return reply;
    return reply.kind === 'return' ? true : { unknown: `QEMU refused cont: ${reply.text}` };
  }

  /** QEMU tells that its migration failed before it lets the guest run on (migration.c, migration_iteration_finish); bounded. */
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

/** No longer than until the signal. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}
