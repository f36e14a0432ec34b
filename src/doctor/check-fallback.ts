import { GuardError } from '../core/errors';
import type { Finding } from '../core/finding';
import { isUnknown } from '../core/unknown';
import { fallbackFile as path, textFor, writeFallback } from '../config/fallback-file';
import { lookAt } from './io/file-state';
import { defaultSettingsFile } from '../config/read';
import { sha256 } from '../os/sha256';
import { findingOf } from './finding-of';

const found = findingOf('fallback', path);

/**
 * Whether scripts that find no Node know what the configuration says; with `write` they know it afterwards. `root`: a
 * staging tree, or nothing.
 */
export async function judgeFallback(root: string, how: 'look' | 'write'): Promise<Finding> {
  try {
    const text = await textFor(`${root}${defaultSettingsFile}`);
    const now = lookAt(`${root}${path}`);
    if (isUnknown(now)) return found('unknown', `${path} cannot be looked at: ${now.unknown}`, now.remedy);
    const isRight = now.is === 'file' && now.sha256 === sha256(Buffer.from(text));
    if (isRight && now.owner === '0:0' && now.mode === '644')
      return found('ok', `scripts that find no Node know what ${defaultSettingsFile} says`);
    if (how === 'write') {
      writeFallback(text);
      return found('ok', `${path} was written anew, as ${defaultSettingsFile} was changed`);
    }
    const what = now.is === 'missing' ? 'is missing' : `is not what ${defaultSettingsFile} says`;
    const remedy = 'run migrate-guard doctor as root, here';
    return found('problem', `${path} ${what}: without Node nothing is moved`, remedy);
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return found('problem', error.what, error.remedy);
  }
}
