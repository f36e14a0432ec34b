import { type Daemon, startDaemon, stopDaemon } from './daemons';
import { type Domain, type DomainOptions, placeDisk, startDomain } from './domain';
import type { DomainDisk } from './lab-domain-xml';
import { emulatorPath } from './emulator';
import { Fabric } from './fabric';
import { Host, type HostKind } from './lab-host';
import { type LiveMigration, migrateLive } from './live-migration';
import type { PatternGuestOptions } from './write-pattern-guest';
import { type Presence, presenceOn } from './domain-presence';
import { relinkDisk } from './relink-disk';
import { joinFabric } from './ssh-fabric';
import { type Traces, tracesOf } from './leftovers';
import { Volume } from './volume';

interface LabOptions {
  /** At most 15 letters each, because they are also names of network interfaces. Default: `kvm1`, `kvm2`. */
  readonly hosts?: readonly string[];
  /** The release of each of them. Default: the files of the real machine. */
  readonly options?: readonly HostKind[];
}

interface LabVolumeOptions extends Partial<PatternGuestOptions> {
  /** The volume is also `/dev/storpool/NAME` on all hosts. */
  readonly name?: string;
}

interface LabDomainOptions extends Omit<DomainOptions, 'disks'> {
  /** The disks, or their number: each is on a separate volume. Default: 1. */
  readonly disks?: number | readonly DomainDisk[];
  /** With a number of disks: the ones that the guest writes to, counted from 0. Default: all. */
  readonly writesTo?: readonly number[];
  /** The number of records that the guest writes at a time. */
  readonly burst?: number;
  /** Default: the first host. */
  readonly host?: string;
}

// The ring of records takes half of it.
const VOLUME_BYTES = 2 * 1024 * 1024;

/** Hosts that reach each other over a private network, on shared storage, as in OpenNebula. */
export class Lab {
  readonly hosts: Host[] = [];
  private readonly volumes: Volume[] = [];

  private constructor(private readonly fabric: Fabric) {}

  static async start({ hosts = ['kvm1', 'kvm2'], options = [] }: LabOptions = {}): Promise<Lab> {
    const fabric = await Fabric.start(hosts);
    const lab = new Lab(fabric);
    const { datastores, pid: from } = fabric;
    const shared = { datastores, from, prepare: (host: Host) => joinFabric(host, fabric) };
    const started = await Promise.allSettled(
      hosts.map((name, index) => Host.start({ name, ...shared, ...options[index] })),
    );
    for (const result of started) if (result.status === 'fulfilled') lab.hosts.push(result.value);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return lab;
    await lab.stop();
    throw failed.reason;
  }

  host(name: string): Host {
    const host = this.hosts.find((candidate) => candidate.name === name);
    if (host === undefined) throw new Error(`the lab has no host ${name}`);
    return host;
  }

  /** A volume with the writing guest on it; every host has its node. */
  async volume({ name, ...guest }: LabVolumeOptions = {}): Promise<Volume> {
    const volume = await Volume.create(VOLUME_BYTES);
    this.volumes.push(volume);
    volume.installPatternGuest({ writesTo: [0], ...guest });
    for (const host of this.hosts) {
      await host.addVolume(volume);
      if (name !== undefined) host.link(`/dev/storpool/${name}`, `../${volume.name}`);
    }
    return volume;
  }

  /** Makes `/dev/storpool-byid/ID` on every host; returns that path. */
  linkById(volume: Volume, id: string): string {
    const link = `/dev/storpool-byid/${id}`;
    for (const host of this.hosts) host.link(link, `../${volume.name}`);
    return link;
  }

  /** Replays the incident: {@link relinkDisk}, and the other hosts get the new link as well. */
  relink(domain: Domain, index = 0, id?: string): string {
    const link = relinkDisk(domain, index, id);
    const volume = domain.disks[index]?.volume;
    if (volume !== undefined) this.linkById(volume, link.slice('/dev/storpool-byid/'.length));
    return link;
  }

  async startDomain(vmId: number, options: LabDomainOptions = {}): Promise<Domain> {
    const { host: name = this.hosts[0]?.name ?? '', disks = 1, writesTo, burst, ...rest } = options;
    const guest = { ...(writesTo && { writesTo }), ...(burst && { burst }) };
    const host = this.host(name);
    const all = typeof disks === 'number' ? await this.blankDisks(disks, guest) : disks;
    for (const other of this.hosts.filter((candidate) => candidate !== host)) {
      for (const [index, disk] of all.entries()) await placeDisk(other, vmId, index, disk);
      emulatorPath(other, rest.emulator ?? 'debian');
    }
    return startDomain(host, { ...rest, vmId, disks: all });
  }

  /** A domain of two disks whose guest writes to neither: if QEMU 7.2.0 is half-inactive, a write would abort it. */
  startSilent(
    vmId: number,
    options: Omit<LabDomainOptions, 'disks' | 'writesTo' | 'burst'>,
  ): Promise<Domain> {
    return this.startDomain(vmId, { ...options, disks: 2, writesTo: [] });
  }

  /** Runs OpenNebula's `virsh migrate` on the domain's host. The result also describes a failure. */
  migrate(domain: Domain, destination: string, options?: readonly string[]): Promise<LiveMigration> {
    return migrateLive(domain, this.host(destination).name, options);
  }

  /** Whether the domain is there, for every host. */
  async whereRuns({ name }: { name: string }): Promise<Record<string, Presence>> {
    const found = this.hosts.map(async (host) => [host.name, await presenceOn(host, name)] as const);
    return Object.fromEntries(await Promise.all(found));
  }

  /** Separates the host from the others; no connection is closed. */
  cut(name: string): Promise<void> {
    return this.fabric.cut(this.host(name).name);
  }

  heal(name: string): Promise<void> {
    return this.fabric.heal(this.host(name).name);
  }

  /** The VMs of the host continue to run, and established ssh connections stay. Default: SIGKILL. */
  stopDaemon(name: string, daemon: Daemon, signal?: 'TERM' | 'KILL'): Promise<void> {
    return stopDaemon(this.host(name), daemon, signal);
  }

  startDaemon(name: string, daemon: Daemon): Promise<void> {
    return startDaemon(this.host(name), daemon);
  }

  async restartDaemon(name: string, daemon: Daemon): Promise<void> {
    await this.stopDaemon(name, daemon, 'TERM');
    await this.startDaemon(name, daemon);
  }

  /** The things to check for later, to see that nothing remains. */
  traces(): Traces {
    return tracesOf([this.fabric.pid, ...this.hosts.map((host) => host.pid)], this.volumes);
  }

  /** Ends every process of the lab; everything else ends with them. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
    await this.fabric.stop();
    for (const volume of this.volumes) volume.release();
  }

  private async blankDisks(count: number, guest: Partial<PatternGuestOptions>): Promise<DomainDisk[]> {
    const targets = ['vda', 'vdb', 'vdc', 'vdd', 'vde', 'vdf', 'vdg', 'vdh'].slice(0, count);
    const disks: DomainDisk[] = [];
    for (const target of targets) {
      const volume = await this.volume({ writesTo: [...targets.keys()], ...guest });
      disks.push({ target, volume });
    }
    return disks;
  }
}
