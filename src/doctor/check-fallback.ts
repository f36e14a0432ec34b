import { GuardError } from '../core/errors';
import type { Finding } from '../core/finding';
import { isUnknown } from '../core/unknown';
import { fallbackFile as path, fallbackTextOf, writeFallback } from '../config/fallback-file';
import { readFileState } from './io/file-state';
import { defaultSettingsFile } from '../config/read';
import { message } from '../messages';
import { sha256 } from '../os/sha256';
import { findingOf } from './finding-of';

const found = findingOf('fallback', path);

/**
 * Whether the file for scripts that find no Node agrees with the configuration; with `write` it is written again if not.
 * `root`: a staging tree, or empty.
 */
export async function judgeFallback(root: string, how: 'look' | 'write'): Promise<Finding> {
  try {
    const text = await fallbackTextOf(`${root}${defaultSettingsFile}`);
    const now = readFileState(`${root}${path}`);
    if (isUnknown(now))
      return found('unknown', message('doctor-file-not-read', { path, why: now.unknown }), now.remedy);
    const isRight = now.is === 'file' && now.sha256 === sha256(Buffer.from(text));
    if (isRight && now.owner === '0:0' && now.mode === '644')
      return found('ok', message('fallback-current', { path, config: defaultSettingsFile }));
    if (how === 'write') {
      writeFallback(text);
      return found('ok', message('fallback-written', { path, config: defaultSettingsFile }));
    }
    const isMissing = now.is === 'missing';
    return found(
      'problem',
      isMissing
        ? message('fallback-missing', { path })
        : message('fallback-old', { path, config: defaultSettingsFile }),
    );
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return found('problem', error.what, error.remedy);
  }
}
