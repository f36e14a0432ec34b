import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DomainReport } from '../../src/core/finding';
import type { CommandResult } from '../../src/os/run-command';
import { type DebianRelease, type Domain, type Host, Lab } from '../lab/harness';
import { succeed } from '../lab/harness/succeed';

/** `bookworm` is the release of the real machine, on which alone the tests run. */
export type Release = DebianRelease | 'bookworm';

const root = join(__dirname, '../..');
const program = join(root, 'dist/migrate-guard.cjs');
const configuration = '/run/migrate-guard-lab/guard.yaml';
/** Nodes of these releases are too old: 12 and 18. */
const withoutNode: readonly Release[] = ['bullseye', 'bookworm'];

/** Two hosts, each of a release, and on both the command: with the release's Node, or the stand-alone program. */
export class ReleaseStage {
  private constructor(
    readonly lab: Lab,
    private readonly releases: readonly Release[],
    private readonly directory: string,
  ) {}

  static async start(...releases: readonly [Release, Release]): Promise<ReleaseStage> {
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-release-'));
    try {
      if (releases.some((release) => withoutNode.includes(release))) await makeStandalone(directory);
      const shown = [dirname(program), directory];
      const options = releases.map((release) => (release === 'bookworm' ? {} : { release, shown }));
      const stage = new ReleaseStage(await Lab.start({ options }), releases, directory);
      for (const host of stage.lab.hosts) writeFileSync(host.path(configuration), settings);
      return stage;
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  other(host: Host): Host {
    const other = this.lab.hosts.find((each) => each !== host);
    if (other === undefined) throw new Error('the lab has only one host');
    return other;
  }

  /** The command's first words on that host. */
  command(host: Host): readonly [string, ...string[]] {
    const release = this.releases[this.lab.hosts.indexOf(host)];
    return release !== undefined && withoutNode.includes(release)
      ? [join(this.directory, 'standalone')]
      : [host.node, program];
  }

  guard(host: Host, ...args: readonly string[]): Promise<CommandResult> {
    return host.run([...this.command(host), ...args, '--config', configuration]);
  }

  /** The only domain of `--json`, and the exit status. */
  async report(domain: Domain, command: string, ...args: readonly string[]): Promise<Report> {
    const { exit, stdout, stderr } = await this.guard(domain.host, command, domain.name, ...args, '--json');
    try {
      const all = JSON.parse(stdout) as { domains?: Report[] } & Report;
      const [report] = all.domains ?? [all];
      if (report) return { ...report, exit };
    } catch {
      // The error below reports it, with all output.
    }
    throw new Error(`${command} ${args.join(' ')} ended with ${exit ?? 'a signal'}: ${stdout}${stderr}`);
  }

  /** The versions of the first host, as its own programs state them. */
  async versions(): Promise<Versions> {
    const [host] = this.lab.hosts;
    if (host === undefined) throw new Error('the lab has no host');
    const name = /^VERSION_CODENAME=(.*)$/m.exec(host.read('/usr/lib/os-release'))?.[1];
    if (name !== this.releases[0])
      throw new Error(`the host has Debian ${name ?? ''}, not ${this.releases.join()}`);
    const daemon = /daemon: ([\d.]+)/.exec(await host.virsh('version', '--daemon'))?.[1] ?? '';
    const qemu = await host.succeed(['/usr/bin/qemu-system-x86_64', '--version']);
    const command = this.command(host);
    const node = command.length > 1 ? await host.succeed([host.node, '--version']) : undefined;
    return {
      system: `Debian ${host.read('/etc/debian_version').trim()}`,
      libvirt: daemon,
      qemu: /version ([\d.]+)/.exec(qemu.stdout)?.[1] ?? '',
      node: node === undefined ? `none (stand-alone program)` : node.stdout.trim().slice(1),
    };
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Versions {
  readonly system: string;
  readonly libvirt: string;
  readonly qemu: string;
  readonly node: string;
}

export type Report = DomainReport & {
  readonly exit: number | null;
  readonly result?: string;
  readonly what?: string;
};

// The file system of the lab's datastores is not one that libvirt knows to be shared.
const settings = "migrate: { options: ['--live', '--unsafe'] }\n";

/** Made in a separate process, because this module system is another. */
async function makeStandalone(directory: string): Promise<void> {
  const setup = join(root, 'setup/package');
  const script = `import { makeExecutable } from '${join(setup, 'standalone.mjs')}';
    import { architectures } from '${join(setup, 'architectures.mjs')}';
    makeExecutable('${directory}', architectures.amd64)`;
  await succeed(['chmod', '755', directory]);
  await succeed([process.execPath, '--input-type=module', '--eval', script]);
}
