import { readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { textOf } from '../messages';
import { sha256 } from '../os/sha256';
import { version } from './version';

/** Version and commit; then the program file, as `sha256sum` prints it and `sha256sum -c` reads it. */
export function fingerprint(): string {
  // Not the script that Node was started with: the installed one only loads this file (src/main/launcher.ts).
  const file = __filename;
  try {
    return `${version()}\n${sha256(readFileSync(file))}  ${file}`;
  } catch (error) {
    return `${version()}\n${textOf('file-not-read', { file, error: errorName(error) })}`;
  }
}
