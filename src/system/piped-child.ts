import {
  spawn,
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
} from 'node:child_process';
import { argvOf, endWithUs, isIsolated, signalGroup, type Command } from './isolated';
import { noDescriptors } from './spare-descriptors';

/**
 * Starts a program with pipes to it. That it cannot be started is told by an `error` event; only a process that may
 * hold no more descriptors gets a child without pipes from Node, and the event as well (ChildProcess.prototype.spawn).
 * @throws GuardError
 */
export function startPiped(
  command: Command,
  options: SpawnOptionsWithoutStdio,
): ChildProcessWithoutNullStreams {
  const [file, ...args] = argvOf(command);
  const child: ChildProcess = isIsolated(command)
    ? endWithUs(
        () => spawn(file, args, { ...options, detached: true, env: command.environment }),
        (started) => signalGroup(started, 'SIGTERM'),
      )
    : spawn(file, args, options);
  if (child.stdin && child.stdout && child.stderr) return child as ChildProcessWithoutNullStreams;
  child.on('error', () => undefined);
  throw noDescriptors(file);
}
