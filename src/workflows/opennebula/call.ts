import { GuardError } from '../../core/errors';
import type { Settings } from '../../core/settings';
import { readSettings } from '../../system/settings-file';

/** Where a driver script runs: on the front-end, or as a remote script on the source host. */
export interface DriverPlace {
  readonly runs: 'frontend' | 'host';
  /** The directory that holds `vmm/kvm`, here. */
  readonly scripts: string;
  /** The same on the hosts (`SCRIPTS_REMOTE_DIR`). */
  readonly remoteScripts: string;
  /** By which name the script was started: a site may have put it in the place of a stock script. */
  readonly script: string | undefined;
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
}

/** A configuration that cannot be read is no reason for a healthy cloud not to migrate. */
export async function readOrDefault(): Promise<Settings | { readonly broken: string }> {
  try {
    return await readSettings(undefined);
  } catch (error) {
    if (error instanceof GuardError) return { broken: error.what };
    throw error;
  }
}
