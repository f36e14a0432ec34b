import type { Domain } from '../core/domain';
import { errorName } from '../core/errors';
import { isUnknown, type NoFacts } from '../core/facts';
import type { Mount } from '../core/mounts';
import type { Credentials } from '../core/process-status';
import { hostMountNamespace, QemuProcess } from './qemu-process';
import { onDeadMount } from './storage';
import { TreeView } from './view';

/** One running domain's QEMU with its view, held open while something is done with both. */
export interface HeldDomain {
  readonly domain: Domain;
  readonly process: QemuProcess;
  readonly credentials: Credentials;
  readonly ownNamespace: boolean;
  /** Mounts of QEMU's namespace. */
  readonly mounts: readonly Mount[];
  /** QEMU's own view; one moment's picture. */
  readonly view: TreeView;
}

/**
 * Holds a domain's QEMU while `work` runs. The process is looked at again at the end: what was read of a
 * namespace that fell apart meanwhile is no fact.
 * @throws what `work` throws while QEMU lives.
 */
export async function holdDomain<T extends object>(
  domain: Domain,
  work: (held: HeldDomain) => Promise<T>,
): Promise<T | NoFacts> {
  const { name, pid } = domain;
  const none = (why: string, remedy: string): NoFacts => ({
    name,
    ...(pid === undefined ? {} : { pid }),
    why,
    remedy,
  });
  const gone = (why: string): NoFacts =>
    none(why, `see virsh domstate ${name}; libvirt's own files may be stale`);
  const ended = `process ${pid ?? 0}, the QEMU of ${name}, ended while it was looked at`;
  if (pid === undefined) return gone(`libvirt tells no process of ${name}`);
  const process = QemuProcess.open(pid, domain);
  if (isUnknown(process)) return gone(process.unknown);
  let view: TreeView | undefined;
  try {
    const dead = await onDeadMount(
      domain.sources.map(({ path }) => path),
      process.path,
    );
    if (dead !== undefined)
      return none(
        `the storage at ${dead} does not answer`,
        `see whether what is mounted at ${dead} is alive`,
      );
    const held = lookInto(domain, process);
    view = held.view;
    const result = await work(held);
    const alive = process.isAlive();
    if (typeof alive === 'boolean') return alive ? result : gone(ended);
    return none(
      `process ${pid}, the QEMU of ${name}, cannot be looked at again: ${alive.unknown}`,
      'run again',
    );
  } catch (error) {
    if (process.isAlive() === false) return gone(ended);
    const reason = errorName(error);
    if (reason !== 'EACCES' && reason !== 'EPERM') throw error;
    return none(`process ${pid}, the QEMU of ${name}, cannot be looked into: ${reason}`, 'run as root');
  } finally {
    view?.close();
    process.close();
  }
}

function lookInto(domain: Domain, process: QemuProcess): HeldDomain {
  const credentials = process.credentials();
  if (!credentials) throw new Error(`the credentials of process ${process.pid} are missing`);
  const ownNamespace = process.mountNamespace() !== hostMountNamespace();
  return { domain, process, credentials, ownNamespace, mounts: process.mounts(), view: process.view() };
}
