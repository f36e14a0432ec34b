import { deathSignature, isHandoverFailure } from '../../block-state/model/log-signatures';

/**
 * Why a mover failed. `handing-over`: QEMU could not give up its disks, which this program can repair. `died`: QEMU here
 * has ended. `stalled`: its copy made no progress, and was ended. `other`: anything else.
 */
type Cause = 'handing-over' | 'died' | 'stalled' | 'other';

export interface Attempt {
  readonly mover: string;
  /** The mover's own exit status; `null` when a signal ended it. */
  readonly exit: number | null;
  /** Missing where it succeeded. */
  readonly cause?: Cause;
}

/** What QEMU's log says while a mover runs, line by line: a log of megabytes is not read again at each poll. */
export class MoveLog {
  /** QEMU could not give up its disks. */
  handingOverFailed = false;
  /** libvirt has saved the domain, and ended its QEMU. */
  wasSaved = false;

  /** What a mover that failed has printed: libvirt 11 repeats QEMU's own words, also where the log cannot be read. */
  takeOutput({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): void {
    this.handingOverFailed ||= `${stdout}\n${stderr}`.split('\n').some(saysHandoverFailed);
  }

  take(line: string): void {
    this.handingOverFailed ||= saysHandoverFailed(line);
    this.wasSaved ||= savedLine.test(line);
  }
}

/** libvirt's last line of a domain that it has saved (src/qemu/qemu_process.c, qemuProcessStop). */
const savedLine = /: shutting down, reason=saved$/;

/** What was found after a mover had reported a failure. */
interface Aftermath {
  /** QEMU could not give up its disks: {@link MoveLog}. */
  readonly handingOverFailed: boolean;
  /** The same QEMU process still runs. */
  readonly alive: boolean;
  /** Its copy was ended because it made no progress. */
  readonly stalled: boolean;
}

/** From QEMU's log and the process: for the same failure virsh prints different texts. */
export function causeOf({ handingOverFailed, alive, stalled }: Aftermath): Cause {
  if (!alive) return 'died';
  if (handingOverFailed) return 'handing-over';
  return stalled ? 'stalled' : 'other';
}

function saysHandoverFailed(line: string): boolean {
  return deathSignature.test(line) || isHandoverFailure(line);
}
