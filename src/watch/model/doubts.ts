import type { BlockState, Verdict } from '../../core/finding';

/** What a look at a domain has found. */
export interface Looked {
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  /** Missing of a domain that could not be read. */
  readonly read?: { readonly hasJob: boolean };
  /** How a repair ended (src/disk-paths/repair.ts, repairResults); missing where none was tried. */
  readonly repair?: string;
}

export interface Judged {
  readonly isSure: boolean;
  /** In milliseconds: when it is to be looked at again. */
  readonly again?: number;
}

const soonMs = 5000;
const laterMs = 60_000;

/**
 * Whether what was found is reported. Not of a VM that another migrate-guard works on, nor of one that may just start, end or
 * be in the middle of a job of libvirt, unless that lasts: libvirt writes or removes its status file then
 * (src/qemu/qemu_domainjob.c, qemuDomainSaveStatus). Times are in milliseconds, of a clock that never goes back.
 */
export class Doubts {
  /** Since when domains have been in doubt, or their repair has failed. */
  private readonly since = new Map<string, number>();

  judge(domain: string, now: number, { verdict, blockState, read, repair }: Looked): Judged {
    const since = this.since.get(domain) ?? now;
    this.since.delete(domain);
    const lasts = (milliseconds: number): boolean => now - since >= milliseconds;
    if (repair === 'busy') return { isSure: false, again: soonMs };
    const isUndecided = verdict === 'undecided';
    const isPassing = repair === undefined && (read ? read.hasJob && verdict !== 'safe' : isUndecided);
    if (repair !== 'failed' && !isUndecided && !isPassing)
      // A reset changes no path, and may leave no line in QEMU's log.
      return { isSure: true, ...(blockState === 'healthy' ? {} : { again: laterMs }) };
    this.since.set(domain, since);
    // An arrival may take hours, and must not be resumed by hand meanwhile.
    if (isPassing) return { isSure: lasts(laterMs) && !(read && isUndecided), again: laterMs };
    // What a repair lacked may be there later, such as room in /run.
    const isSure = repair === 'failed' || repair === 'repaired' || lasts(soonMs);
    return { isSure, again: lasts(soonMs) ? laterMs : soonMs };
  }

  forget(domain: string): void {
    this.since.delete(domain);
  }
}
