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
  /** The same on the hosts (`SCRIPTS_REMOTE_DIR`). */
  readonly remoteScripts: string;
  /** By which name the script was started: a site may have put it in the place of a stock script. */
  readonly script: string | undefined;
  /** Where what is done for VMs is written down; only the front-end does. */
  readonly records?: string;
}

/** What a script got from OpenNebula. */
export interface Call {
  readonly args: readonly string[];
  readonly input: Buffer;
  readonly place: DriverPlace;
  readonly version: string;
}

/** What a script prints, and its exit status. */
export interface Reply {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of a mover that ran, whatever became of it: what it printed to stderr. */
  readonly moverSaid?: string;
  /** The guard began, and nobody knows how far it came: it may still be at work on the host. */
  readonly isGuardLost?: true;
  /** Where it is not that the guard ran. */
  readonly note?: ReplyNote;
}

type ReplyNote =
  | { readonly guard: 'could-not-run'; readonly why: string }
  | { readonly guard: 'off' }
  /** Nothing was asked for that a guard is for. */
  | { readonly guard: 'not-needed' };

/** What a driver script tells when it does not do what it was started for. */
export function refusalReply(subject: string, reason: Failure): Reply {
  return { exit: exitCodes[reason.code].status, stdout: '', stderr: failure(subject, reason) };
}

/** The settings by which a driver goes on, with what keeps the guard from running; or why nothing may be done. */
export type DriverSettings = { readonly settings: Settings; readonly broken?: Message } | Failure;

/**
 * A configuration with a mistake is no reason for a healthy cloud not to migrate; but it is one where the mistake is in
 * what says how to go on, the sections that are `needed`: a mover that was guessed may do harm.
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
