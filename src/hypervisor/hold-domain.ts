import { readFileSync } from 'node:fs';
import { errorName } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { isUnknown } from '../core/unknown';
import type { UnreadableDomain } from '../core/unreadable-domain';
import type { Mount } from '../file-tree/model/mounts';
import type { PathQuestion } from '../file-tree/model/path-question';
import type { Answered } from '../file-tree/path-reader/path-reader';
import { PathReaders } from '../file-tree/path-reader/path-readers';
import { FileTree } from '../file-tree/tree';
import type { Credentials } from '../os/model/process-status';
import type { Domain } from './model/domain-xml';
import { foreignRemedy, hostMountNamespace, type NotHeld, QemuProcess } from './process';

/** A question about a path as the host, or as this QEMU's mount namespace, has it. */
export type HeldQuestion = Omit<PathQuestion, 'root'> & { readonly of: 'host' | 'namespace' };

/** One running domain's QEMU with its view, held open while something is done with both. */
export interface HeldDomain {
  readonly domain: Domain;
  readonly process: QemuProcess;
  readonly credentials: Credentials;
  readonly ownNamespace: boolean;
  /** Mounts of QEMU's namespace. */
  readonly mounts: readonly Mount[];
  /** QEMU's own view, one moment's picture; for what is below `/dev`: all else may lie on storage that hangs. */
  readonly view: FileTree;
  /** Looks at paths with the credentials of QEMU. The answers stand in the order of the questions. */
  readonly read: (questions: readonly HeldQuestion[]) => Promise<readonly Answered[]>;
}

interface Member {
  readonly process: QemuProcess;
  /** By which questions name its root directory. */
  readonly root: number;
}

/**
 * How many QEMUs may be held at once: each takes some descriptors, and a child inherits one of each. Every
 * `mostHeld` a child is started anew.
 */
export function heldAtOnce(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  const descriptors = Number(limit ?? 1024) - reservedDescriptors;
  return Math.min(Math.max(Math.floor(descriptors / descriptorsPerDomain), 1), maxHeldQemus);
}

const reservedDescriptors = 100;
const descriptorsPerDomain = 3;
const maxHeldQemus = 1000;

/**
 * Domains that are held together: the paths of all of them are looked at by one child a user. What cannot be held is
 * told when it is asked for.
 */
export class HeldDomains {
  private readonly members = new Map<Domain['uuid'], Member | NotHeld>();
  private readonly readers: PathReaders;

  /** `hostRoot`: where the host's file tree begins. */
  constructor(domains: readonly Domain[], hostRoot = '/') {
    this.readers = new PathReaders(hostRoot);
    // One that was asked for by two names is held once.
    for (const domain of domains)
      if (!this.members.has(domain.uuid)) this.members.set(domain.uuid, this.hold(domain));
  }

  /**
   * Does `work` with one of the domains. The process is looked at again at the end: what was read of a namespace that
   * fell apart meanwhile is no fact.
   * @throws what `work` throws while QEMU lives.
   */
  async with<T extends object>(
    domain: Domain,
    work: (held: HeldDomain) => Promise<T>,
  ): Promise<T | UnreadableDomain> {
    const member = this.members.get(domain.uuid);
    if (!member) throw new Error(`${domain.name} is not held`);
    if (isUnknown(member)) return notHeld(domain, member);
    const { process } = member;
    let view: FileTree | undefined;
    try {
      const held = this.lookInto(domain, member);
      view = held.view;
      const result = await work(held);
      const alive = process.isAlive();
      if (typeof alive === 'boolean') return alive ? result : ended(domain);
      const what = `process ${process.pid}, the QEMU of ${domain.name}, cannot be looked at again`;
      return none(domain, `${what}: ${alive.unknown}`, 'run again');
    } catch (error) {
      if (process.isAlive() === false) return ended(domain);
      const reason = errorName(error);
      if (reason !== 'EACCES' && reason !== 'EPERM') throw error;
      return cannotLook(domain, reason);
    } finally {
      view?.close();
    }
  }

  close(): void {
    this.readers.end();
    for (const member of this.members.values()) if (!isUnknown(member)) member.process.close();
    this.members.clear();
  }

  private hold(domain: Domain): Member | NotHeld {
    if (domain.pid === undefined)
      return { unknown: `libvirt tells no process of ${domain.name}`, hasEnded: false };
    const process = QemuProcess.open(domain.pid, domain);
    if (isUnknown(process)) return process;
    return { process, root: this.readers.add(process.root, () => process.mounts()) };
  }

  private lookInto(domain: Domain, { process, root }: Member): HeldDomain {
    const credentials = process.credentials();
    if (!credentials) throw new Error(`the credentials of process ${process.pid} are missing`);
    const ownNamespace = process.mountNamespace() !== hostMountNamespace();
    const read: HeldDomain['read'] = (questions) =>
      this.readers.read(
        credentials,
        questions.map(({ of, ...question }) => ({ ...question, root: of === 'host' ? 0 : root })),
      );
    const mounts = process.mounts();
    return { domain, process, credentials, ownNamespace, mounts, view: process.view(), read };
  }
}

/** The same for one domain alone. */
export async function holdDomain<T extends object>(
  domain: Domain,
  work: (held: HeldDomain) => Promise<T>,
  hostRoot = '/',
): Promise<T | UnreadableDomain> {
  const group = new HeldDomains([domain], hostRoot);
  try {
    return await group.with(domain, work);
  } finally {
    group.close();
  }
}

function notHeld(domain: Domain, { unknown, isForeign, error, hasEnded }: NotHeld): UnreadableDomain {
  if (error === 'EACCES' || error === 'EPERM') return cannotLook(domain, error);
  if (isForeign) return { ...none(domain, unknown, foreignRemedy), isForeign };
  if (hasEnded || error === undefined) return gone(domain, unknown);
  return none(domain, unknown, remedyOf(error, `/proc/${domain.pid ?? 0}`, { otherwise: 'run again' }));
}

function none({ name, pid }: Domain, why: string, remedy: string): UnreadableDomain {
  return { name, ...(pid === undefined ? {} : { pid }), why, remedy };
}

function gone(domain: Domain, why: string): UnreadableDomain {
  return none(domain, why, `see virsh domstate ${domain.name}; libvirt's own files may be stale`);
}

function ended(domain: Domain): UnreadableDomain {
  return gone(domain, `process ${domain.pid ?? 0}, the QEMU of ${domain.name}, ended while it was looked at`);
}

function cannotLook(domain: Domain, reason: string): UnreadableDomain {
  const what = `process ${domain.pid ?? 0}, the QEMU of ${domain.name}, cannot be looked into: ${reason}`;
  return none(domain, what, 'run as root');
}
