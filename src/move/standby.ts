import { setTimeout as pause } from 'node:timers/promises';
import type { LogTail } from '../block-state/io/log-tail';
import type { Reactivation } from '../block-state/model/reactivation';
import { reactivateAfterJob } from '../block-state/reactivate';
import type { Failure } from '../core/errors';
import { log } from '../os/log';
import type { MoveLog } from './model/failure-cause';
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
    const { domain, destination, virsh, options } = this.session;
    const copy = (): Promise<Failure | undefined> | undefined => destination?.copyOf(domain);
    return await reactivateAfterJob({ domain, settings: options.settings, virsh, copy });
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
}

/** Ends early when the signal is aborted. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}
