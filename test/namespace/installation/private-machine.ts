import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type CommandOptions, type CommandResult } from '../../../src/os/run-command';
import { oneadmin } from './machine-tree';

const init = join(__dirname, 'private-machine-init.sh');
/** private-machine-init.sh creates this file, which no real machine has: without it, nothing is done. */
const mark = '/run/private-machine';

/**
 * The real machine as seen from a separate mount namespace, in which /etc, /usr, /var and /run may be changed: for
 * programs that work on real paths only, such as sudo. The kernel removes everything when the process ends.
 */
export class PrivateMachine {
  private constructor(private readonly child: ChildProcessWithoutNullStreams) {}

  /** `files`: the tree that replaces the real machine's, and directories of the real one that are visible in it. */
  static async start(files: readonly string[] = []): Promise<PrivateMachine> {
    const make = ['sh', init, String(oneadmin), ...files];
    const enter = ['unshare', '--mount', '--propagation', 'private', ...make];
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...enter], { cwd: '/' });
    let complaints = '';
    child.stderr.on('data', (text: Buffer) => (complaints += text.toString()));
    const ready = once(child.stdout, 'data');
    const failed = once(child, 'exit').then(() => {
      throw new Error(`the machine did not start: ${complaints}`);
    });
    failed.catch(() => undefined);
    await Promise.race([ready, failed]);
    const machine = new PrivateMachine(child);
    if (!existsSync(machine.path(mark))) throw new Error('this is not the private machine');
    return machine;
  }

  /** The pid of a process in it. */
  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the machine did not start');
    return this.child.pid;
  }

  async root(argv: readonly string[], options: Partial<CommandOptions> = {}): Promise<CommandResult> {
    const only = ['sh', '-c', `test -e ${mark} || exit 97; exec "$@"`, 'sh'];
    return runCommand(['nsenter', ...this.enter, '--', ...only, ...argv], { deadline: 300_000, ...options });
  }

  /** Options of nsenter(1). */
  get enter(): readonly string[] {
    // The root directory is necessary, too: a mount namespace alone would lead out of a chroot, to the machine's real
    // files.
    return [`--target=${this.pid}`, '--mount', '--root', '--wdns=/'];
  }

  /** Runs a command as OpenNebula's user, with these variables only. */
  async oneadmin(
    argv: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    options: Partial<CommandOptions> = {},
  ): Promise<CommandResult> {
    const environment = Object.entries({ PATH: '/usr/bin:/bin', ...variables }).map((pair) => pair.join('='));
    const become = ['setpriv', `--reuid=${oneadmin}`, `--regid=${oneadmin}`, '--clear-groups', '--'];
    return this.root([...become, 'env', '-i', ...environment, ...argv], options);
  }

  path(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  write(path: string, text: string): void {
    rmSync(this.path(path), { force: true });
    writeFileSync(this.path(path), text);
  }

  /**
   * Everything below these directories that differs from the real machine: paths, modes, owners, contents; without
   * logs. It reads only files that were written in here, because others may be changing the real machine meanwhile.
   */
  async picture(places: readonly string[] = ['/mnt', '/run']): Promise<string> {
    const look =
      "find \"$@\" ! -path '*/log/migrate-guard/*' -printf '%p %y %m %U:%G %l\\n' -type f -exec sha256sum {} + | sort";
    const { exit, stdout, stderr } = await this.root(['sh', '-c', look, 'sh', ...places]);
    if (exit !== 0 || stderr !== '') throw new Error(`the machine cannot be looked at: ${stderr}`);
    return stdout
      .split('\n')
      .filter((line) => !isAsOnRealMachine(line))
      .join('\n');
  }

  async end(): Promise<void> {
    const gone = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await gone;
  }
}

/** After the first write, a directory is a copy of the real machine's, and stays one. */
function isAsOnRealMachine(line: string): boolean {
  const copied = /^\/mnt\/(etc|usr|var)\/upper(.*) d ([0-7]+) (\d+:\d+) $/.exec(line);
  const real = copied && lstatSync(`/${copied[1] ?? ''}${copied[2] ?? ''}`, { throwIfNoEntry: false });
  if (!real?.isDirectory()) return false;
  return (real.mode & 0o7777).toString(8) === copied?.[3] && `${real.uid}:${real.gid}` === copied[4];
}
