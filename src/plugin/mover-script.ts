import type { Settings } from '../config/settings';
import {
  launch,
  startProgram,
  type Launched,
  type Program,
  type RunningMover,
} from '../move/io/mover-process';
import { onHost, ownConnection } from '../os/ssh';

/** A driver script of OpenNebula, as OpenNebula would have called it. */
export interface ScriptPlace {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
  /** The host it runs on; here, when there is none. */
  readonly host?: string;
  /** Whether it connects to another host from there. */
  readonly asksDestination: boolean;
}

/** Reads a number, and so many words, each ended by NUL; runs them as a command, and leaves it the rest of the input. */
const runWords =
  'words=(); IFS= read -r -d "" count; while ((count-- > 0)); do IFS= read -r -d "" word; words+=("$word"); done; exec "${words[@]}"';
/** A connection that died is noticed, or the driver would wait for ever. */
const options = [...ownConnection, 'ServerAliveInterval=15', 'ServerAliveCountMax=4'];

/**
 * A script that is to be run, perhaps, and more than once. On a host nothing of its command line goes through a shell:
 * the words travel in front of the input, and the command that ssh runs is always the same.
 */
export class MoverScript {
  private waiting: Launched | undefined;

  constructor(
    private readonly place: ScriptPlace,
    private readonly settings: Settings,
  ) {}

  /** Connects to the host on which it is to run, which takes some hundred milliseconds; nothing runs there until the start. */
  connect(): void {
    if (this.place.host !== undefined) this.waiting = launch(this.connection(this.place.host));
  }

  /** Starts it, which may take hours. */
  start(): RunningMover {
    const { program, args, input, host } = this.place;
    if (host === undefined) return startProgram({ command: [program, ...args], cwd: process.cwd() }, input);
    // A connection that could not be made, or was lost meanwhile, says nothing of the mover.
    const { running, go } = this.waiting?.hasEnded() === false ? this.waiting : launch(this.connection(host));
    this.waiting = undefined;
    go([`${args.length + 1}`, program, ...args].map((word) => `${word}\0`).join('') + input);
    return running;
  }

  /** It will not be started any more. */
  end(): void {
    this.waiting?.abandon();
    this.waiting = undefined;
  }

  private connection(host: string): Program {
    const { user, deadline: connectTimeout } = this.settings.ssh;
    const agent = this.place.asksDestination ? 'forwarded' : 'none';
    const target = { host, user, connectTimeout, options, agent } as const;
    return { command: onHost(target, `exec bash -c '${runWords}'`) };
  }
}
