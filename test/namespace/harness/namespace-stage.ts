import { randomUUID } from 'node:crypto';
import type { Finding } from '../../../src/core/finding';
import { type CommandOptions, type CommandResult, runCommand } from '../../../src/os/run-command';
import type { Release } from './debian-release';
import { Servant } from './namespace-agent';
import { statusXml, type StatusDisk } from './status-xml';
import { Tree } from './namespace-tree';

/** The user of QEMU; by default OpenNebula's user. */
interface QemuUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
}

export const oneadmin: QemuUser = { uid: 9869, gid: 9869 };

export interface QemuOptions {
  readonly name?: string;
  readonly disks: readonly StatusDisk[];
  /** The paths in its namespace that it holds open; a prefix `ro:` means for reading only. Default: all disks. */
  readonly holds?: readonly string[];
  /** `root`: uid 0 with all capabilities; `root-without-capabilities`: the result of libvirt's user = "root". */
  readonly user?: QemuUser | 'root' | 'root-without-capabilities';
  readonly ownNamespace?: boolean;
  /** Sets up its namespace before anything is opened. */
  readonly prepare?: (tree: Tree) => void | Promise<void>;
}

export const stateDirectory = '/mnt/libvirt';
/** Of QEMU's logs. */
export const logDirectory = '/mnt/logs';
const configFile = '/mnt/config.yaml';
const libvirt = `libvirt: { state_directory: ${stateDirectory}, log_directory: ${logDirectory}, deadline: 5 }`;

/** A process that migrate-guard accepts as the QEMU of a domain. */
export class Qemu {
  readonly tree: Tree;
  constructor(
    readonly name: string,
    readonly uuid: string,
    readonly servant: Servant,
    maker: Servant,
  ) {
    this.tree = new Tree(servant.pid, maker);
  }

  get pid(): number {
    return this.servant.pid;
  }
}

interface RunOptions extends Partial<CommandOptions> {
  readonly uid?: number;
  readonly under?: readonly string[];
}

/** A private host: a mount namespace with private `/dev` and `/mnt`, in which QEMUs have theirs. */
export class Stage {
  readonly host: Tree;
  private readonly qemus: Qemu[] = [];

  private constructor(
    readonly servant: Servant,
    private readonly program: string,
    private readonly node: string,
  ) {
    this.host = new Tree(servant.pid, servant);
    this.host.directory(stateDirectory);
    this.host.file(configFile, `${libvirt}\n`, { mode: 0o644 });
  }

  /** `program`: the bundled command. `release`: the Debian release of the host, which also determines its Node. */
  static async start(program: string, release?: Release): Promise<Stage> {
    const servant = await Servant.start('host', [], undefined, release);
    return new Stage(servant, program, release ? '/usr/bin/node' : process.execPath);
  }

  /** Starts a QEMU whose namespace `prepare` has filled, and registers it in libvirt's state directory. */
  async startQemu({
    name = 'one-310',
    disks,
    holds,
    user = oneadmin,
    ownNamespace = true,
    prepare,
  }: QemuOptions): Promise<Qemu> {
    const uuid = randomUUID();
    const guest = `guest=${name.replaceAll(',', ',,')},debug-threads=on`;
    const argv = ['-name', guest, '-S', '-uuid', uuid, '-no-user-config', '-nodefaults'];
    const servant = await Servant.start(ownNamespace ? 'qemu' : 'guest', argv, this.servant.pid);
    const qemu = new Qemu(name, uuid, servant, this.servant);
    this.qemus.push(qemu);
    await prepare?.(qemu.tree);
    for (const path of holds ?? disks.map((disk) => `${disk.readonly === true ? 'ro:' : ''}${disk.path}`)) {
      const readonly = path.startsWith('ro:');
      await servant.tell('hold', readonly ? path.slice(3) : path, readonly ? 'ro' : 'rw');
    }
    if (user === 'root-without-capabilities') await servant.tell('drop-capabilities');
    else if (user !== 'root') await servant.tell('become', user.uid, user.gid, ...(user.groups ?? []));
    this.writeStatus(name, statusXml({ name, uuid, pid: qemu.pid, disks }));
    this.host.file(`${stateDirectory}/${name}.pid`, `${qemu.pid}\n`, { mode: 0o644 });
    return qemu;
  }

  writeStatus(name: string, text: string): void {
    this.host.file(`${stateDirectory}/${name}.xml`, text, { mode: 0o600 });
  }

  /** Runs `migrate-guard` on this host. `uid`: as another user than root. `under`: a command that runs it. */
  run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return this.runOther([this.program, ...argv], options);
  }

  /** Runs another program with Node. */
  runOther(
    argv: readonly string[],
    { uid, env, under = [], ...options }: RunOptions = {},
  ): Promise<CommandResult> {
    const become =
      uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
    const command = this.programWords(argv, env, under);
    return runCommand(['nsenter', ...this.enter, '--', ...become, ...command], {
      deadline: 300_000,
      ...options,
    });
  }

  /** Options of nsenter(1). */
  get enter(): readonly string[] {
    return [`--mount=/proc/${this.servant.pid}/ns/mnt`, '--wdns=/'];
  }

  /** The command line that runs `migrate-guard` in this host's namespace. */
  words(argv: readonly string[], env: Readonly<Record<string, string>> = {}): readonly string[] {
    return this.programWords([this.program, ...argv], env);
  }

  private programWords(
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
    under: readonly string[] = [],
  ): readonly string[] {
    const variables = Object.entries({ NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: '', ...env }).map(
      ([name, value]) => `${name}=${value}`,
    );
    return ['env', ...variables, ...under, this.node, ...argv];
  }

  /** Runs `check … --json` with this stage's configuration. */
  async check(...words: readonly string[]): Promise<Checked> {
    const result = await this.run(['check', ...words, '--json', '--config', configFile]);
    return parseChecked(result);
  }

  get configuration(): readonly string[] {
    return ['--config', configFile];
  }

  /** Ends every process, and with them everything that belongs to the stage. Idempotent. */
  async end(): Promise<void> {
    await Promise.all(this.qemus.map(({ servant }) => servant.end()));
    await this.servant.end();
  }
}

/** The result of the command: its exit status, and the part of the document about one domain. */
export interface Checked {
  readonly exit: number | null;
  readonly stderr: string;
  readonly verdict: string | undefined;
  /** Findings that are not ok, as `check state: what`. */
  readonly troubles: readonly string[];
  readonly findings: readonly Finding[];
  readonly plan: readonly object[];
  readonly domains: readonly { readonly domain: string; readonly verdict: string }[];
}

export function parseChecked({ exit, stdout, stderr }: CommandResult): Checked {
  // The document of an error has no domains.
  const { domains = [] } = (stdout === '' ? {} : JSON.parse(stdout)) as {
    domains?: { domain: string; verdict: string; findings: Finding[]; plan: object[] }[];
  };
  const [first] = domains;
  const findings = first?.findings ?? [];
  return {
    exit,
    stderr,
    verdict: first?.verdict,
    troubles: findings.flatMap(({ check, state, what }) =>
      state === 'ok' ? [] : [`${check} ${state}: ${what}`],
    ),
    findings,
    plan: first?.plan ?? [],
    domains,
  };
}
