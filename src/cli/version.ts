import { readFileSync } from 'node:fs';
import { errorName } from '../core/errors';
import { sha256 } from '../os/sha256';

declare const __VERSION__: string | undefined;

/** Version and commit, put in by the build. */
export function version(): string {
  return typeof __VERSION__ === 'string' ? __VERSION__ : 'unbuilt';
}

/** What the two halves compare: the version without its commit. */
export const versionNumber = version().replace(/ .*/, '');

/** Version and commit; below it the program file that runs, as `sha256sum` prints it and `sha256sum -c` reads it. */
export function fingerprint(): string {
  const file = process.argv[1] ?? '';
  try {
    return `${version()}\n${sha256(readFileSync(file))}  ${file}`;
  } catch (error) {
    return `${version()}\n${file} cannot be read: ${errorName(error)}`;
  }
}
