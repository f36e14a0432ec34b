import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const program = join(__dirname, 'flipper.pl');

/**
 * Runs `work` while a process in the mount namespace of `pid` flips entries (see flipper.pl). It dies with this
 * process.
 */
export async function whileFlipping<T>(
  pid: number,
  words: readonly (string | number)[],
  work: () => Promise<T>,
): Promise<T> {
  const enter = ['--pdeathsig', 'KILL', '--', 'nsenter', `--mount=/proc/${pid}/ns/mnt`, '--wdns=/', '--'];
  const child = spawn('setpriv', [...enter, 'perl', program, ...words.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  try {
    const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)]);
    if (!first) throw new Error('the flipper ended before it began');
    return await work();
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
