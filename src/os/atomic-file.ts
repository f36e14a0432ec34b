import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { log } from './log';
import { errorName } from '../core/error-name';
import { withFile } from './open-file';

const mark = '.migrate-guard-';

/**
 * Replaces a file atomically: a reader sees the old one or the whole new one. The new file is made under a name that did
 * not exist, so that no link can redirect the write. `seal`: called before the file gets its name.
 * @throws the system's error; the new file is then removed
 */
export function replaceFile(
  file: string,
  text: string,
  mode: number,
  seal?: (descriptor: number) => void,
): void {
  const fresh = freshName(file);
  const write = (descriptor: number): void => {
    writeFileSync(descriptor, text);
    seal?.(descriptor);
  };
  try {
    withFile(fresh, 'wx', write, mode);
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/**
 * A name next to a file, for a new version that is renamed to it. Removes such files of killed programs: the pid in the
 * name shows whether the program still runs.
 */
export function freshName(file: string): string {
  const beginning = `.${basename(file)}${mark}`;
  try {
    for (const name of readdirSync(dirname(file)).filter((other) => other.startsWith(beginning)))
      if (isLeft(name.slice(beginning.length))) rmSync(join(dirname(file), name), { force: true });
  } catch (error) {
    // A leftover file does not stop the write.
    log('could not remove a leftover file', { beside: file, why: errorName(error) });
  }
  return join(dirname(file), `${beginning}${process.pid}`);
}

function isLeft(pid: string): boolean {
  return /^\d+$/.test(pid) && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`));
}
