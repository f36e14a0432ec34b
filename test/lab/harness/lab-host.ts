import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { lchownSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type CommandOptions, type CommandResult, runCommand } from '../../../src/os/run-command';
import { addAccount } from './account';
import { startLibvirt } from './libvirt-daemons';
import { type Namespaces, startNamespaces } from './namespaces';
import { type DebianRelease, debianTree, inTree } from './debian-tree';
import { describeFailure } from './succeed';
import type { Volume } from './volume';

export interface HostKind {
  /** The Debian release of the host. Default: it has the files of the real machine. */
  readonly release?: DebianRelease;
  /** With `release`: directories of the real machine that are visible there, too; read-only. */
  readonly shown?: readonly string[];
}

interface HostOptions extends HostKind {
  readonly name: string;
  /** A directory that several hosts share as `/var/lib/one/datastores`. */
  readonly datastores?: string;
  /** A process of the real machine that sees `datastores`. Default: this one. */
  readonly from?: number;
  /** Runs before the daemons start. */
  readonly prepare?: (host: Host) => Promise<void>;
}

export interface HostRunOptions extends Partial<CommandOptions> {
  /** Default: root. */
  readonly as?: string;
}

type Argv = readonly [string, ...string[]];

/** A private machine: namespaces, private directories and `/dev`, virtlogd and libvirtd. */
export class Host {
  /** oneadmin's ids: QEMU runs as this user, who owns the disks. */
  readonly owner: readonly [uid: number, gid: number] = [9869, 9869];

  private constructor(
    readonly name: string,
    private readonly namespaces: Namespaces,
    /** The Node of this host. */
    readonly node: string,
  ) {}

  static async start(options: HostOptions): Promise<Host> {
    const { name, datastores, from, release, shown = [], prepare } = options;
    const init = ['lab-host-init.sh', name, ...(datastores === undefined ? [] : [datastores])] as const;
    const under =
      release === undefined ? [] : inTree(await debianTree(release), [__dirname, ...shown], datastores);
    const namespaces = await startNamespaces({ name, init, under, ...(from === undefined ? {} : { from }) });
    const host = new Host(name, namespaces, release === undefined ? process.execPath : '/usr/bin/node');
    try {
      addAccount(host);
      await prepare?.(host);
      await startLibvirt(host);
    } catch (error) {
      await host.stop();
      throw error;
    }
    return host;
  }

  /** The pid of the first process on the real machine. */
  get pid(): number {
    return this.namespaces.pid;
  }

  /** The host's file tree seen from outside. An absolute symlink below it leads out of the host: walk with care. */
  get root(): string {
    return `/proc/${this.pid}/root`;
  }

  path(path: string): string {
    return `${this.root}${path}`;
  }

  /** Runs a command inside; a command that exceeds its deadline is killed inside, too. */
  run(argv: Argv, { as = 'root', env, cwd, ...options }: HostRunOptions = {}): Promise<CommandResult> {
    const identity = as === 'root' ? [] : ['--reuid', as, '--regid', as, '--init-groups'];
    return runCommand(this.inside(argv, identity, cwd), {
      deadline: 120_000,
      ...options,
      env: { ...environmentOf(as), ...env },
    });
  }

  /** Starts a program inside, as root, that lasts; it ends with this process. */
  start(argv: Argv): ChildProcessByStdio<Writable, Readable, Readable> {
    const [file, ...args] = this.inside(argv);
    return spawn(file, args, { env: environmentOf('root') });
  }

  async succeed(argv: Argv, options: HostRunOptions = {}): Promise<CommandResult> {
    const result = await this.run(argv, options);
    if (result.exit === 0) return result;
    throw new Error(`on host ${this.name}: ${describeFailure({ ...result, argv })}`);
  }

  /** The output of `virsh ARGS…`, trimmed. Throws if it fails. */
  async virsh(...args: readonly string[]): Promise<string> {
    const { stdout } = await this.succeed(['virsh', '--connect', 'qemu:///system', ...args]);
    return stdout.trim();
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /**
   * Makes a symlink, or re-points it in one step. Missing directories are created; none of the path's directories may
   * be an absolute link. New entries below `/var/lib/one` belong to `oneadmin`, who creates them on a real host.
   */
  link(path: string, target: string): void {
    const temporary = this.path(`${path}.new`);
    const made = mkdirSync(dirname(temporary), { recursive: true }) ?? temporary;
    rmSync(temporary, { force: true });
    symlinkSync(target, temporary);
    if (path.startsWith('/var/lib/one/')) {
      for (let at = temporary; at.length >= made.length; at = dirname(at)) lchownSync(at, 9869, 9869);
    }
    renameSync(temporary, this.path(path));
  }

  remove(path: string): void {
    rmSync(this.path(path), { recursive: true, force: true });
  }

  /**
   * Creates a node for a volume on the host; returns its path. By default it has the name that the real machine uses,
   * and belongs to QEMU's user.
   */
  async addVolume(
    volume: Volume,
    { as = volume.device, owner = this.owner }: { as?: string; owner?: readonly [number, number] } = {},
  ): Promise<string> {
    const node = this.path(as);
    mkdirSync(dirname(node), { recursive: true });
    if (statSync(node, { throwIfNoEntry: false })?.rdev === statSync(volume.device).rdev) return as;
    await this.succeed(['mknod', '--mode', '660', as, 'b', String(volume.major), String(volume.minor)]);
    lchownSync(node, ...owner);
    return as;
  }

  /** Ends every process inside, and with them everything that belongs to the host. Idempotent. */
  stop(): Promise<void> {
    return this.namespaces.end();
  }

  private inside(argv: Argv, identity: readonly string[] = [], directory = '/'): Argv {
    const enter = ['--target', String(this.pid), '--mount', '--uts', '--ipc', '--net', '--pid'];
    const become = ['setpriv', ...identity, '--pdeathsig', 'KILL'];
    return ['nsenter', ...enter, `--wdns=${directory}`, '--', ...become, '--', ...argv];
  }
}

// Node may be installed anywhere; everything else is where Debian installs it.
const PATH = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`;

function environmentOf(user: string): Readonly<Record<string, string>> {
  const home = user === 'root' ? '/run/migrate-guard-lab' : '/var/lib/one';
  return { PATH, HOME: home, USER: user, LOGNAME: user };
}
