import { readdirSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { message } from '../messages';

/**
 * The names of the domains that libvirt runs. `undefined` when the directory may not be read, or is not there.
 * @throws GuardError when it cannot be read for another reason.
 */
export function listDomains(stateDirectory: string): string[] | undefined {
  try {
    return (
      readdirSync(stateDirectory)
        .filter((file) => file.endsWith('.xml'))
        .map((file) => file.slice(0, -'.xml'.length))
        // Shorter first, so that one-9 comes before one-10; a collator would take milliseconds to load.
        .sort((one, other) => one.length - other.length || (one < other ? -1 : 1))
    );
  } catch (error) {
    const name = errorName(error);
    if (name === 'EACCES' || name === 'EPERM' || name === 'ENOENT') return undefined;
    const reason = message('state-directory-not-read', { directory: stateDirectory, error: name });
    const remedy = remedyOf(error, stateDirectory, { otherwise: reason.remedy });
    throw new GuardError('undecided', { ...reason, remedy }, undefined, { cause: error });
  }
}
