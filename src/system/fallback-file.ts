import { chmodSync, readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import { fallbackSections, fallbackText } from '../core/fallback';
import type { Settings } from '../core/settings';
import { refuseShared } from './edited-file';
import { sha256 } from './installed-file';
import { writeWhole } from './output-file';
import { readSections } from './settings-file';

export const fallbackFile = '/etc/migrate-guard/fallback.env';

/** What is to be told of a configuration where Node is missing. */
export interface Fallback {
  readonly text: string;
  /** What is wrong in sections that the text leaves out. */
  readonly mistakes: readonly GuardError[];
}

export async function readFallback(config: string): Promise<Fallback> {
  let right: Partial<Settings> = {};
  const mistakes: GuardError[] = [];
  for (const section of fallbackSections) {
    try {
      const { settings } = await readSections([section], config);
      right = { ...right, [section]: settings[section] };
    } catch (error) {
      if (!(error instanceof GuardError)) throw error;
      mistakes.push(error);
    }
  }
  return { text: fallbackText(sumOf(config), right), mistakes };
}

function sumOf(config: string): string | undefined {
  try {
    return sha256(readFileSync(config));
  } catch (error) {
    // One that cannot be read is a mistake already.
    return errorName(error) === 'ENOENT' ? undefined : 'unknown';
  }
}

/** Others than root have to be able to read it, whatever the umask. @throws GuardError */
export function writeFallback(text: string): void {
  refuseShared(fallbackFile);
  writeWhole(fallbackFile, text);
  chmodSync(fallbackFile, 0o644);
}
