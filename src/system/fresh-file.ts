import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { log } from './log';
import { errorName } from '../core/errors';

const mark = '.migrate-guard-';

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
