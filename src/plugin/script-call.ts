import { failureOf, GuardError, type Failure } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import type { Settings } from '../config/settings';
import { failure } from '../opennebula/model/vm-log';
import { readSections } from '../config/read';
import { message, type Message } from '../messages';
import { refusalOf } from '../agent-protocol/run-action';

/** Where a driver script runs: on the front-end, or as a remote script on the source host. */
export interface DriverPlace {
  readonly runs: 'frontend' | 'host';
  /** The directory that holds `vmm/kvm`, here. */
  readonly scripts: string;
  /** The same directory on the hosts (`SCRIPTS_REMOTE_DIR`). */
  readonly remoteScripts: string;
  /** The name by which the script was started: a site may have put it in the place of a stock script. */
  readonly script: string | undefined;
  /** The directory of the records; only on the front-end. */
  readonly records?: string;
}

/** The input of a script from OpenNebula. */
export interface Call {
  readonly args: readonly string[];
  readonly input: Buffer;
  readonly place: DriverPlace;
  readonly version: string;
}

/** The output of a script, and its exit status. */
export interface Reply {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The stderr of the mover, if it ran, with any result. */
  readonly moverStderr?: string;
  /** The guard began and its connection was lost: it may still be at work on the host. */
  readonly isGuardLost?: true;
  /** What happened instead of a guarded run. */
  readonly note?: ReplyNote;
}

type ReplyNote =
  | { readonly guard: 'could-not-run'; readonly why: string }
  | { readonly guard: 'off' }
  /** The call was for nothing that a guard protects. */
  | { readonly guard: 'not-needed' };

/** The output of a driver script that does not do what it was started for. */
export function refusalReply(subject: string, reason: Failure): Reply {
  return { exit: exitCodes[reason.code].status, stdout: '', stderr: failure(subject, reason) };
}

/** The settings with which a driver continues, and what keeps the guard from running; or why it must not continue. */
export type DriverSettings = { readonly settings: Settings; readonly broken?: Message } | Failure;

/**
 * A mistake in the configuration does not stop the migrations of a healthy cloud, unless it is in one of the sections
 * that are `needed` to continue: a guessed mover may do harm.
 */
export async function readForDriver(needed: readonly (keyof Settings)[]): Promise<DriverSettings> {
  try {
    const { settings, mistake } = await readSections(needed);
    return mistake ? { settings, broken: refusalOf(mistake) } : { settings };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    const { remedy } = error;
    const reason = message('cannot-go-on', { why: error.what });
    return failureOf('undecided', remedy === undefined ? reason : { ...reason, remedy });
  }
}
