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
interface ScriptPlace {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string;
  /** The host on which it runs; this machine when it is missing. */
  readonly host?: string;
  /** Whether it connects to another host from there. */
  readonly asksDestination: boolean;
}

/**
 * Reads a number, and as many words, each ended by NUL; runs them as a command, with the rest of the input as its
 * input.
 */
const runWords =
  'words=(); IFS= read -r -d "" count; while ((count-- > 0)); do IFS= read -r -d "" word; words+=("$word"); done; exec "${words[@]}"';
/** A lost connection is noticed; otherwise the driver would wait for ever. */
const options = [...ownConnection, 'ServerAliveInterval=15', 'ServerAliveCountMax=4'];

/**
 * A script that may be run, also more than once. On a host no part of its command line goes through a shell: the
 * words precede the input, and the command that ssh runs is always the same.
 */
export class MoverScript {
  private waiting: Launched | undefined;

  constructor(
    private readonly place: ScriptPlace,
    private readonly settings: Settings,
  ) {}

  /**
   * Connects to the host of the script, which takes some hundred milliseconds; nothing runs there before the start.
   */
  connect(): void {
    if (this.place.host !== undefined) this.waiting = launch(this.connection(this.place.host));
  }

  /** Starts it, which may take hours. */
  start(): RunningMover {
    const { program, args, input, host } = this.place;
    if (host === undefined) return startProgram({ command: [program, ...args], cwd: process.cwd() }, input);
    // A connection that could not be made, or was lost, shows nothing about the mover.
    const { running, go } = this.waiting?.hasEnded() === false ? this.waiting : launch(this.connection(host));
    this.waiting = undefined;
    go([`${args.length + 1}`, program, ...args].map((word) => `${word}\0`).join('') + input);
    return running;
  }

  /** Closes a connection that is not needed any more. */
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
