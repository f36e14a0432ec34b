import { dirname, join } from 'node:path';
import type { DomainReport } from '../../src/core/finding';
import { type DebianRelease, type Domain, Host, type PlacedDisk, startDomain, Volume } from '../lab/harness';
import type { DomainOptions } from '../lab/harness';

export interface Answer {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = join(__dirname, '../../dist/migrate-guard.cjs');

interface StageDomainOptions extends Partial<DomainOptions> {
  /** The format of all its disks. Default: raw. */
  readonly format?: 'raw' | 'qcow2';
}

/** One host with the domains and volumes of a test file, and the built command on it. */
export class Stage {
  readonly program = program;
  private readonly volumes: Volume[] = [];

  private constructor(readonly host: Host) {}

  /** `release`: the Debian release of the host, with its own Node, libvirt and QEMU. */
  static async start({ release }: { readonly release?: DebianRelease } = {}): Promise<Stage> {
    const other = release === undefined ? {} : { release, shown: [dirname(program)] };
    return new Stage(await Host.start({ name: 'kvm1', ...other }));
  }

  async volume(writesTo: readonly number[] = [0], bytes?: number): Promise<Volume> {
    const volume = await Volume.create(bytes);
    volume.installGuest({ writesTo });
    this.volumes.push(volume);
    return volume;
  }

  /** A volume with a qcow2 image on it, as in some LVM datastores. */
  async qcow2Volume(writesTo: readonly number[] = [0]): Promise<Volume> {
    const volume = await Volume.create(4 * 1024 * 1024);
    this.volumes.push(volume);
    await volume.installQcow2Guest({ writesTo });
    return volume;
  }

  /** A domain with this many disks, whose guest writes to the first. */
  async domain(
    vmId: number,
    disks: number,
    { format = 'raw', ...options }: StageDomainOptions = {},
  ): Promise<Domain> {
    const targets = ['vda', 'vdb', 'vdc', 'vdd'].slice(0, disks);
    const placed = [];
    for (const target of targets) {
      const volume = format === 'raw' ? await this.volume() : await this.qcow2Volume();
      placed.push({ target, volume, format });
    }
    return startDomain(this.host, { vmId, disks: placed, ...options });
  }

  /** Runs the built command on the host, as root. */
  guard(...args: readonly string[]): Promise<Answer> {
    return this.host.run([this.host.node, this.program, ...args]);
  }

  /** The only domain of `--json`, and the exit status. */
  async report<T extends object = object>(
    ...args: readonly string[]
  ): Promise<DomainReport & T & { exit: number | null }> {
    const { exit, stdout, stderr } = await this.guard(...args, '--json');
    try {
      const [domain] = (JSON.parse(stdout) as { domains: (DomainReport & T)[] }).domains;
      if (domain) return { ...domain, exit };
    } catch {
      // The error below reports it, with all output.
    }
    throw new Error(`migrate-guard ${args.join(' ')} ended with ${exit ?? 'a signal'}: ${stdout}${stderr}`);
  }

  async stop(): Promise<void> {
    await this.host.stop();
    for (const volume of this.volumes) volume.release();
  }
}

export function diskOf(domain: Domain, index: number): PlacedDisk & { readonly volume: Volume } {
  const disk = domain.disks[index];
  if (disk?.volume === undefined) throw new Error(`${domain.name} has no disk ${index} on a volume`);
  return { ...disk, volume: disk.volume };
}
