import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync, symlinkSync, mkdirSync, writeFileSync, lchownSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Domain, Host } from '../../test/lab/harness';
import { disksOf, type StageDisk } from './stage-disks';

const stateDirectory = '/run/libvirt/qemu';
const logDirectory = '/var/log/libvirt/qemu';
const linkDirectory = '/dev/storpool-byid';
const firstId = 100_000;

interface Member {
  readonly name: string;
  readonly pid: number;
  readonly xml: string;
}

/**
 * Many domains that migrate-guard cannot distinguish from real ones. Each has a process with a mount namespace, disks
 * and as many descriptors as the real QEMU, and a copy of that domain's status XML and log under another name.
 */
export class Crowd {
  private constructor(
    private readonly host: Host,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly members: readonly Member[],
    private readonly model: Domain,
    /** Values read from the model. */
    private readonly log: string,
  ) {}

  static async start(host: Host, model: Domain, count: number): Promise<Crowd> {
    const child = host.start(['perl', join(__dirname, 'crowd.pl')]);
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const template = host.read(`${stateDirectory}/${model.name}.xml`);
    const drafts = Array.from({ length: count }, (_, index) => {
      const id = firstId + index;
      return { id, name: `one-${id}`, uuid: randomUUID() };
    });
    const [uid] = host.owner;
    const held = readdirSync(host.path(`/proc/${model.pid}/fd`)).length;
    const others = held - model.disks.length;
    for (const { id, name, uuid } of drafts) {
      const disks = placeDisks(host, model, id);
      child.stdin.write(`${[name, uuid, uid, others, ...disks].join(' ')}\n`);
    }
    child.stdin.write('\n');
    const members: Member[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const draft = drafts[members.length];
      if (line === 'ready' || draft === undefined) break;
      const xml = template
        .replaceAll(model.uuid, draft.uuid)
        .replaceAll(`/datastores/0/${model.vmId}/`, `/datastores/0/${draft.id}/`)
        .replaceAll(model.name, draft.name)
        .replaceAll(`pid='${model.pid}'`, `pid='${line}'`);
      members.push({ name: draft.name, pid: Number(line), xml });
    }
    if (complaints !== '' || members.length !== count)
      throw new Error(`the stand-ins did not start: ${complaints}`);
    // migrate-guard accepts a log only for a process that started at the time in the log.
    const now = new Date().toISOString().replace('T', ' ').replace('Z', '+0000');
    const log = host.read(`${logDirectory}/${model.name}.log`).replace(/^.*(?=: starting up)/m, now);
    return new Crowd(host, child, members, model, log);
  }

  /** Makes this many of them domains of the host. */
  show(count: number): void {
    for (const [index, { name, xml }] of this.members.entries()) {
      const file = this.host.path(`${stateDirectory}/${name}.xml`);
      const log = this.host.path(`${logDirectory}/${name}.log`);
      if (index < count) {
        writeFileSync(file, xml, { mode: 0o600 });
        writeFileSync(log, this.log, { mode: 0o600 });
      } else for (const written of [file, log]) rmSync(written, { force: true });
    }
  }

  /** Leads the disks of all through links on the host that do not exist in their namespaces. */
  relinkDisks(): void {
    for (const { name } of this.members) {
      const vmId = name.slice('one-'.length);
      for (const [index, { volume }] of this.model.disks.entries()) {
        const link = `${linkDirectory}/fir.b.${vmId}${index}`;
        this.host.link(link, `../${volume?.name ?? ''}`);
        this.host.link(`/var/lib/one/datastores/0/${vmId}/disk.${index}`, link);
      }
    }
  }

  /** Removes what a repair has created in the namespaces of the model and of this many others. */
  loseLinks(count: number): void {
    const pids = [this.model.pid, ...this.members.slice(0, count).map(({ pid }) => pid)];
    for (const pid of pids) this.host.remove(`/proc/${pid}/root${linkDirectory}`);
  }

  /** In the order in which {@link show} makes them domains. */
  get disks(): readonly StageDisk[] {
    const { disks } = this.model;
    return this.members.flatMap(({ name, pid }) => disksOf({ name, pid, disks }));
  }

  get names(): readonly string[] {
    return this.members.map(({ name }) => name);
  }

  async end(): Promise<void> {
    this.show(0);
    const exited = once(this.child, 'close');
    this.child.stdin.end();
    await exited;
  }
}

/** Creates the chain of each disk of the model, on the host, for another VM; all lead to the model's devices. */
function placeDisks(host: Host, model: Domain, id: number): string[] {
  const datastore = host.path(`/var/lib/one/datastores/0/${id}`);
  mkdirSync(datastore, { recursive: true });
  return model.disks.map(({ volume }, index) => {
    if (volume === undefined) throw new Error(`disk ${index} of ${model.name} is on no volume`);
    const link = `/dev/storpool/one-${id}-disk-${index}`;
    symlinkSync(`../${volume.name}`, host.path(link));
    symlinkSync(link, join(datastore, `disk.${index}`));
    lchownSync(join(datastore, `disk.${index}`), ...host.owner);
    return `${link}=${volume.device}=${volume.rdev}`;
  });
}
