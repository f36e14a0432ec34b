import {
  spawn,
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process';
import { GuardError } from '../core/errors';

/**
 * Starts a program with pipes to it. That it cannot be started is told by an `error` event; only a process that may
 * hold no more descriptors gets a child without pipes from Node, and the event as well (ChildProcess.prototype.spawn).
 * @throws GuardError
 */
export function startPiped(
  [file, ...args]: readonly [string, ...string[]],
  options: SpawnOptionsWithoutStdio,
): ChildProcessWithoutNullStreams {
  const child: Partial<ChildProcessWithoutNullStreams> & Pick<ChildProcessWithoutNullStreams, 'on'> = spawn(
    file,
    args,
    options,
  );
  if (child.stdin && child.stdout && child.stderr) return child as ChildProcessWithoutNullStreams;
  child.on('error', () => undefined);
  const what = `${file} cannot be started: this process may hold no more descriptors`;
  throw new GuardError('undecided', what, 'raise the limit (ulimit -n), and run again');
}
