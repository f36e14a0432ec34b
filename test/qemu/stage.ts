import { join } from 'node:path';
import type { DomainReport } from '../../src/core/finding';
import { type Domain, Host, type PlacedDisk, startDomain, Volume } from '../lab/harness';
import type { DomainOptions } from '../lab/harness';

export interface Answer {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One host with domains and volumes of a test file's own, and the built command on it. */
export class Stage {
  readonly program = join(__dirname, '../../dist/migrate-guard.cjs');
  private readonly volumes: Volume[] = [];

  private constructor(readonly host: Host) {}

  static async start(): Promise<Stage> {
    return new Stage(await Host.start({ name: 'kvm1' }));
  }

  async volume(writesTo: readonly number[] = [0], bytes?: number): Promise<Volume> {
    const volume = await Volume.create(bytes);
    volume.installGuest({ writesTo });
    this.volumes.push(volume);
    return volume;
  }

  /** A domain with so many disks, whose guest writes to the first. */
  async domain(vmId: number, disks: number, options: Partial<DomainOptions> = {}): Promise<Domain> {
    const targets = ['vda', 'vdb', 'vdc', 'vdd'].slice(0, disks);
    const placed = [];
    for (const target of targets) placed.push({ target, volume: await this.volume() });
    return startDomain(this.host, { vmId, disks: placed, ...options });
  }

  /** Runs the built command on the host, as root. */
  guard(...args: readonly string[]): Promise<Answer> {
    return this.host.run([process.execPath, this.program, ...args]);
  }

  /** The one domain of `--json`, and the exit status. */
  async report<T extends object = object>(
    ...args: readonly string[]
  ): Promise<DomainReport & T & { exit: number | null }> {
    const { exit, stdout, stderr } = await this.guard(...args, '--json');
    try {
      const [domain] = (JSON.parse(stdout) as { domains: (DomainReport & T)[] }).domains;
      if (domain) return { ...domain, exit };
    } catch {
      // said below, with all that was printed
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
