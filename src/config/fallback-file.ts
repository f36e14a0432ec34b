import { chmodSync, readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { fallbackSections, fallbackText } from './model/fallback';
import { refuseShared } from '../os/edited-file';
import { writeWhole } from '../os/output-file';
import { readSections } from './read';
import { sha256 } from '../os/sha256';

export const fallbackFile = '/etc/migrate-guard/fallback.env';

/** The fallback text for hosts without Node. @throws GuardError if its sections are invalid, or the file cannot be read */
export async function fallbackTextOf(config: string): Promise<string> {
  const { settings } = await readSections(fallbackSections, config);
  return fallbackText(sumOf(config), settings);
}

function sumOf(config: string): string | undefined {
  try {
    return sha256(readFileSync(config));
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Readable by every user, whatever the umask. @throws GuardError */
export function writeFallback(text: string): void {
  refuseShared(fallbackFile);
  writeWhole(fallbackFile, text);
  chmodSync(fallbackFile, 0o644);
}
