import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { log } from './log';
import { errorName } from '../core/errors';
import { withFile } from './open-file';

const mark = '.migrate-guard-';

/**
 * Writes a file so that whoever reads it sees the old one or the whole new one. The new one is made under a name that was
 * not there before, so no link leads the writing elsewhere. `seal`: what is done to it before it gets the name.
 * @throws the system's error; then nothing of the new one is left
 */
export function exchange(
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
 * A name beside a file, for what is then renamed to it. What programs that were killed left there under such names is
 * removed on the way: the pid in the name tells whether somebody is still at it.
 */
export function freshName(file: string): string {
  const beginning = `.${basename(file)}${mark}`;
  try {
    for (const name of readdirSync(dirname(file)).filter((other) => other.startsWith(beginning)))
      if (isLeft(name.slice(beginning.length))) rmSync(join(dirname(file), name), { force: true });
  } catch (error) {
    // What lies about keeps nobody from writing.
    log('could not remove what was left behind', { beside: file, why: errorName(error) });
  }
  return join(dirname(file), `${beginning}${process.pid}`);
}

function isLeft(pid: string): boolean {
  return /^\d+$/.test(pid) && (Number(pid) === process.pid || !existsSync(`/proc/${pid}`));
}
