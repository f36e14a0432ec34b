import { readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { remedyOf } from '../core/remedy-of';
import { message, textOf } from '../messages';
import { isUnknown, reasonIn } from '../core/unknown';
import { unreadable, type UnreadableDomain } from '../core/unreadable-domain';
import type { Mount } from '../file-tree/model/mounts';
import type { PathQuestion } from '../file-tree/model/path-question';
import type { Answered } from '../file-tree/path-reader/path-reader';
import { PathReaders } from '../file-tree/path-reader/path-readers';
import { FileTree } from '../file-tree/tree';
import type { Credentials } from '../os/model/process-status';
import type { Domain } from './model/domain-xml';
import { holdQemu } from './hold-qemu';
import { hostMountNamespace, type NotHeld, type QemuProcess } from './process';

/** A question about a path as the host, or as this QEMU's mount namespace, has it. */
export type HeldQuestion = Omit<PathQuestion, 'root'> & { readonly of: 'host' | 'namespace' };

/** One running domain's QEMU and its view, held open for as long as a workflow uses them. */
export interface HeldDomain {
  readonly domain: Domain;
  readonly process: QemuProcess;
  readonly credentials: Credentials;
  readonly ownNamespace: boolean;
  /** Mounts of QEMU's namespace. */
  readonly mounts: readonly Mount[];
  /** QEMU's own view, a snapshot; only for what is below `/dev`, because all else may be on storage that hangs. */
  readonly view: FileTree;
  /** Looks at paths with the credentials of QEMU. The answers are in the order of the questions. */
  readonly read: (questions: readonly HeldQuestion[]) => Promise<readonly Answered[]>;
}

interface Member {
  readonly process: QemuProcess;
  /** The number by which questions name its root directory. */
  readonly root: number;
}

/**
 * How many QEMUs may be held at once: each takes some descriptors, and a child that reads paths inherits one of each.
 * Every group of {@link maxHeldQemus} starts a new child.
 */
export function maxHeldAtOnce(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  const descriptors = Number(limit ?? 1024) - reservedDescriptors;
  return Math.min(Math.max(Math.floor(descriptors / descriptorsPerDomain), 1), maxHeldQemus);
}

const reservedDescriptors = 100;
const descriptorsPerDomain = 3;
const maxHeldQemus = 1000;

/**
 * Domains that are held together: for each user one child reads the paths of all of them. {@link with} returns the
 * reason for a domain that cannot be held.
 */
export class HeldDomains {
  private readonly members = new Map<Domain['uuid'], Member | NotHeld>();
  private readonly readers: PathReaders;

  /** `hostRoot`: the root directory of the host's file tree. */
  constructor(domains: readonly Domain[], hostRoot = '/') {
    this.readers = new PathReaders(hostRoot);
    // A domain that was named twice is held once.
    for (const domain of domains)
      if (!this.members.has(domain.uuid)) this.members.set(domain.uuid, this.hold(domain));
  }

  /**
   * Does `work` with one of the domains. Afterwards the process is checked again: what was read of a namespace that was
   * taken apart meanwhile is not a fact.
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
      return unreadable(domain, message('qemu-not-read-again', { ...namesOf(domain), why: reasonIn(alive) }));
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
    const process = holdQemu(domain);
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

function notHeld(domain: Domain, held: NotHeld): UnreadableDomain {
  const { isForeign, error } = held;
  if (error === 'EACCES' || error === 'EPERM') return cannotLook(domain, error);
  const otherwise = textOf('run-again');
  const remedy = held.remedy ?? remedyOf(error, `/proc/${domain.pid ?? 0}`, { otherwise });
  const found = unreadable(domain, { ...reasonIn(held), remedy });
  return isForeign ? { ...found, isForeign } : found;
}

function ended(domain: Domain): UnreadableDomain {
  return unreadable(domain, message('qemu-ended', namesOf(domain)));
}

function cannotLook(domain: Domain, error: string): UnreadableDomain {
  return unreadable(domain, message('qemu-closed', { ...namesOf(domain), error }));
}

function namesOf({ name, pid = 0 }: Domain): { readonly domain: string; readonly pid: number } {
  return { domain: name, pid };
}
