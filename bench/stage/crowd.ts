import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync, symlinkSync, mkdirSync, writeFileSync, lchownSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Domain, Host } from '../../test/lab/harness';

const stateDirectory = '/run/libvirt/qemu';
const firstId = 100_000;

interface Member {
  readonly name: string;
  readonly xml: string;
}

/**
 * Many domains that migrate-guard cannot tell from real ones: a process each, with a mount namespace, disks and as
 * many descriptors as the real QEMU has, and the status XML that libvirt wrote for that one under another name.
 */
export class Crowd {
  private constructor(
    private readonly host: Host,
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly members: readonly Member[],
  ) {}

  static async start(host: Host, model: Domain, count: number): Promise<Crowd> {
    const enter = ['--target', String(host.pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--wdns=/'];
    const chain = [
      ...enter,
      '--',
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
      'perl',
      join(__dirname, 'crowd.pl'),
    ];
    const child = spawn('nsenter', chain);
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
      members.push({ name: draft.name, xml });
    }
    if (complaints !== '' || members.length !== count)
      throw new Error(`the stand-ins did not start: ${complaints}`);
    return new Crowd(host, child, members);
  }

  /** From now on so many of them are domains of the host. */
  show(count: number): void {
    for (const [index, { name, xml }] of this.members.entries()) {
      const file = this.host.path(`${stateDirectory}/${name}.xml`);
      if (index < count) writeFileSync(file, xml, { mode: 0o600 });
      else rmSync(file, { force: true });
    }
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

/** The chain of each disk of the model, on the host, for another VM; all lead to the model's devices. */
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
