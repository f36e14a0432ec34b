import type { Settings } from '../core/settings';
import { startProgram, type RunningMover } from './mover';
import { onHost, type Argv } from './virsh-and-ssh';

/** A driver script of OpenNebula, as OpenNebula would have called it. */
export interface ScriptPlace {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
  /** The host it runs on; here, when there is none. */
  readonly host?: string;
}

/** Reads a number, and so many words, each ended by NUL; runs them as a command, and leaves it the rest of the input. */
const runWords =
  'words=(); IFS= read -r -d "" count; while ((count-- > 0)); do IFS= read -r -d "" word; words+=("$word"); done; exec "${words[@]}"';
/** As OpenNebula's own connection for a migration (ssh_stream.rb). */
const forwarding = ['ForwardAgent=yes', 'ControlMaster=no', 'ControlPath=none'];
/** A connection that died is noticed, or the driver would wait for ever. */
const keptAlive = ['ServerAliveInterval=15', 'ServerAliveCountMax=4'];

/**
 * Starts the mover, which may take hours. On a host nothing of its command line goes through a shell: the
 * words travel in front of the input, and the command that ssh runs is always the same.
 */
export function startScript({ program, args, input, host }: ScriptPlace, { ssh }: Settings): RunningMover {
  if (host === undefined) {
    return startProgram({ argv: [program, ...args], input, cwd: process.cwd() });
  }
  const words = [`${args.length + 1}`, program, ...args].map((word) => `${word}\0`).join('');
  const options = [...forwarding, ...keptAlive].flatMap((option) => ['-o', option]);
  const argv: Argv = onHost(
    { host, user: ssh.user, connectTimeout: ssh.deadline, options },
    `exec bash -c '${runWords}'`,
  );
  return startProgram({ argv, input: `${words}${input}` });
}
