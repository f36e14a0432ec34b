import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { COUNTER_ADDRESS } from './guest';
import { findGuestMemory, readWord } from './guest-memory';
import { type DomainDisk, domainXml, type Nvram } from './lab-domain-xml';
import { type Emulator, emulatorPath } from './emulator';
import type { Host } from './lab-host';
import { outerPid } from './host-pid';
import { REFUSALS_ADDRESS } from './write-pattern-guest';
import { until } from './until';

export interface DomainOptions {
  /** Default: `one-VMID`. */
  readonly name?: string;
  readonly vmId?: number;
  readonly disks: readonly DomainDisk[];
  readonly emulator?: Emulator;
  readonly memoryMiB?: number;
  readonly nvram?: Nvram;
  /** Wait until the guest counts. Default: yes. */
  readonly boot?: boolean;
}

/** A disk as it was created: every hop of its path. */
export interface PlacedDisk extends DomainDisk {
  readonly path: string;
  readonly node?: string;
}

/** Starts a VM as OpenNebula does: its disks are links in a datastore that lead to device nodes. */
export async function startDomain(host: Host, options: DomainOptions): Promise<Domain> {
  const {
    vmId = 310,
    name = `one-${vmId}`,
    emulator = 'debian',
    memoryMiB = 64,
    nvram,
    boot = true,
  } = options;
  const disks: PlacedDisk[] = [];
  for (const [index, disk] of options.disks.entries()) disks.push(await placeDisk(host, vmId, index, disk));
  const uuid = randomUUID();
  const settings = { name, uuid, emulator: emulatorPath(host, emulator), memoryMiB, disks };
  const xml = `/run/migrate-guard-lab/${name}.xml`;
  writeFileSync(host.path(xml), domainXml(nvram === undefined ? settings : { ...settings, nvram }));
  try {
    await host.virsh('create', xml);
  } catch (error) {
    const log = host.path(`/var/log/libvirt/qemu/${name}.log`);
    throw existsSync(log)
      ? new Error(`${String(error)}\n${host.read(`/var/log/libvirt/qemu/${name}.log`)}`)
      : error;
  }
  const domain = new Domain(host, name, uuid, vmId, disks);
  if (boot) {
    // The log's line about the first monitor command (custom-monitor) is thus at the beginning of the log.
    await domain.qmp('query-status');
    await until(() => domain.counter() > 0, {
      what: `the guest of ${name} counts`,
    });
  }
  return domain;
}

/** Creates the hops of the disk's path on the host. */
export async function placeDisk(
  host: Host,
  vmId: number,
  index: number,
  disk: DomainDisk,
): Promise<PlacedDisk> {
  const path = disk.path ?? `/var/lib/one//datastores/0/${vmId}/disk.${index}`;
  if (disk.volume === undefined) return { ...disk, path };
  const node = await host.addVolume(disk.volume);
  const via = disk.via ?? `/dev/storpool/one-${vmId}-disk-${index}`;
  host.link(via, `../${disk.volume.name}`);
  host.link(path, via);
  return { ...disk, path, via, node };
}

export class Domain {
  /** QEMU's pid on the host; the `/proc` below {@link Host.root} shows this pid, too. */
  readonly pid: number;
  /** The pid of the same process on the real machine. */
  readonly outerPid: number;
  /** The start of its guest's memory, as soon as it is known. */
  private guestMemory: number | undefined;

  constructor(
    readonly host: Host,
    readonly name: string,
    readonly uuid: string,
    readonly vmId: number,
    readonly disks: readonly PlacedDisk[],
  ) {
    this.pid = Number(host.read(`/run/libvirt/qemu/${name}.pid`));
    this.outerPid = outerPid(host.pid, this.pid);
  }

  /** The result of `virsh domstate`: `running`, `paused`, … */
  state(): Promise<string> {
    return this.host.virsh('domstate', this.name);
  }

  /** The same VM after a move to another host. */
  on(host: Host): Domain {
    return new Domain(host, this.name, this.uuid, this.vmId, this.disks);
  }

  /** Sends one QMP command without libvirt; returns its `return`, throws if QEMU returns an error. */
  async qmp<T = unknown>(execute: string, args?: object): Promise<T> {
    const command = JSON.stringify(args === undefined ? { execute } : { execute, arguments: args });
    const answer = JSON.parse(await this.host.virsh('qemu-monitor-command', this.name, command)) as {
      return?: T;
      error?: { desc: string };
    };
    if (answer.error) throw new Error(`${this.name}: QMP ${command}: ${answer.error.desc}`);
    return answer.return as T;
  }

  /** The guest's counter, read from its memory: it shows that the guest runs even if it writes to no disk. */
  counter(): number {
    return this.word(COUNTER_ADDRESS);
  }

  /** The number of writes of the writing guest that a disk refused. */
  refusals(): number {
    return this.word(REFUSALS_ADDRESS);
  }

  /** Proves that nothing the writing guest wrote to this disk was lost or torn; returns the newest record. */
  async verifyPattern(index = 0): Promise<number> {
    const volume = this.disks[index]?.volume;
    if (volume === undefined) throw new Error(`${this.name} has no disk ${index} on a volume`);
    return volume.verifyPattern(this.counter());
  }

  /** A word of the guest's memory; 0 before the guest has booted, because all of its memory is 0 then. */
  private word(address: number): number {
    this.guestMemory ??= findGuestMemory(this.outerPid);
    return this.guestMemory === undefined ? 0 : readWord(this.outerPid, this.guestMemory + address);
  }

  /** Returns when the guest has increased its counter after this call. */
  async expectCounting(): Promise<void> {
    const before = this.counter();
    await until(() => this.counter() > before, {
      what: `the guest of ${this.name} counts on`,
    });
  }

  /** Whether this same QEMU process is still alive. */
  alive(): boolean {
    return existsSync(this.host.path(`/proc/${this.pid}/ns/mnt`));
  }

  /** QEMU's log, as libvirt writes it. */
  log(): string {
    return this.host.read(`/var/log/libvirt/qemu/${this.name}.log`);
  }

  /** Returns when the log contains that text after so many characters: virtlogd writes up to 100 ms after QEMU. */
  async untilLogged(text: string, from = 0): Promise<void> {
    await until(() => this.log().slice(from).includes(text), {
      what: `the log of ${this.name} has: ${text}`,
    });
  }

  async destroy(): Promise<void> {
    await this.host.virsh('destroy', this.name);
  }
}
