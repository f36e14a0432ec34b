import { deathSignature, readLog } from '../../block-state/model/log-signatures';
import type { Unknown } from '../../core/unknown';

/**
 * Why a mover failed. `handing-over`: QEMU could not give up its disks, which is what this program mends.
 * `died`: QEMU ended, and the domain runs nowhere. `stalled`: its copy stood still, and was ended. `other`: a reason
 * that is the mover's own.
 */
export type Cause = 'handing-over' | 'died' | 'stalled' | 'other';

export interface Attempt {
  readonly mover: string;
  /** The mover's own exit status; `null` when a signal ended it. */
  readonly exit: number | null;
  /** Of an attempt that failed. */
  readonly cause?: Cause;
}

/** What QEMU's log says while a mover runs, judged line by line: a log of megabytes is not read again at each look. */
export class MoveLog {
  /** QEMU could not give up its disks. */
  handingOverFailed = false;
  /** libvirt has saved the domain, and ended its QEMU. */
  wasSaved = false;

  take(line: string): void {
    this.handingOverFailed ||= tellsOfHandingOver(line);
    this.wasSaved ||= savedLine.test(line);
  }
}

/** libvirt's last line of a domain that it has saved (src/qemu/qemu_process.c, qemuProcessStop). */
const savedLine = /: shutting down, reason=saved$/;

/** What was seen after a mover said that it failed. */
export interface Aftermath {
  /** QEMU could not give up its disks: {@link MoveLog}. */
  readonly handingOverFailed: boolean;
  /** The very QEMU that ran before still does. */
  readonly alive: boolean;
  /** Its copy was ended because it stood still. */
  readonly stalled: boolean;
}

/** Judges by QEMU's log and by the process; what virsh says varies for one and the same failure. */
export function causeOf({ handingOverFailed, alive, stalled }: Aftermath): Cause {
  if (!alive) return 'died';
  if (handingOverFailed) return 'handing-over';
  return stalled ? 'stalled' : 'other';
}

function tellsOfHandingOver(line: string): boolean {
  return (
    deathSignature.test(line) ||
    readLog(line).signatures.some(({ meaning }) => meaning === 'inactivate-failed')
  );
}

/** QEMU took its disks back: milliseconds since libvirt ended its job. Or why it was not asked to. */
export type Reactivation =
  | {
      readonly milliseconds: number;
      /** Of these, until the destination had no copy of the domain: libvirt there waits for its QEMU in steps of 200 ms. */
      readonly destination: number;
    }
  | Unknown;
