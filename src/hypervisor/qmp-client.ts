import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBlockNodes, type BlockNode } from './model/block-nodes';
import { XmlError, type Element } from '../core/element';
import { readGuestDisks, type GuestDisk } from './model/guest-disks';
import { errorName } from '../core/error-name';
import { blockJobIn, jobIn, type BlockJob } from './model/job';
import { parseReply, qmpCommand, readAnswers, type QemuAnswers, type QmpReply } from './model/qmp';
import { isUnknown, unknownOf, type Unknown } from '../core/unknown';
import { message } from '../messages';
import { readXml } from '../os/read-xml';

/** Runs virsh commands and returns what virsh printed: by a virsh that stays, or by one for each command. */
export interface VirshOrders {
  /** `isQuestion`: the command changes nothing, so it may be repeated. */
  readonly order: (words: readonly string[], isQuestion: boolean) => Promise<string | Unknown>;
}

/** Sends one QMP command to QEMU's monitor, past libvirt, which marks the domain as tainted (custom-monitor). */
export async function askMonitor(
  virsh: VirshOrders,
  uuid: string,
  execute: string,
  args?: object,
): Promise<QmpReply | Unknown> {
  const words = ['qemu-monitor-command', '--domain', uuid, qmpCommand(execute, args)];
  const answer = await virsh.order(words, execute.startsWith('query-'));
  if (typeof answer !== 'string') return answer;
  return answer === '' ? unknownOf(message('libvirt-refused')) : parseReply(answer);
}

/** Asks QEMU itself for its block nodes. */
export async function blockNodesOf(
  virsh: VirshOrders,
  uuid: string,
): Promise<readonly BlockNode[] | Unknown> {
  return readBlockNodes(await askMonitor(virsh, uuid, 'query-named-block-nodes', { flat: true }));
}

/** Asks QEMU what the guest has as its disks. */
export async function guestDisksOf(
  virsh: VirshOrders,
  uuid: string,
): Promise<readonly GuestDisk[] | Unknown> {
  return readGuestDisks(await askMonitor(virsh, uuid, 'query-block'));
}

/** Asks QEMU for its state. It stops at the first question without an answer: each would wait as long. */
export async function askQemu(virsh: VirshOrders, uuid: string): Promise<QemuAnswers | Unknown> {
  const status = await askMonitor(virsh, uuid, 'query-status');
  if (isUnknown(status)) return status;
  const migrate = await askMonitor(virsh, uuid, 'query-migrate');
  if (isUnknown(migrate)) return migrate;
  const nodes = await askMonitor(virsh, uuid, 'query-named-block-nodes', { flat: true });
  const answers = readAnswers(status, migrate, nodes);
  // This QEMU does not report which nodes are active, and the guest may never have run.
  const isUncertain =
    !isUnknown(answers) && answers.status !== 'running' && answers.inactiveNodes === undefined;
  if (!isUncertain) return answers;
  return readAnswers(status, migrate, nodes, await askMonitor(virsh, uuid, 'query-blockstats'));
}

/**
 * Lets QEMU take all its disks back, without stopping the guest. `cont` on a guest that runs changes nothing but
 * that: it calls bdrv_activate_all(), fails with its error, and starts what already runs (monitor/qmp-cmds.c,
 * qmp_cont; vm_start() in softmmu/cpus.c). QEMU 10.0 has a command for it alone.
 * Returns the command that did it, or why it failed. Only for a guest that runs: see block-state/model/preconditions.ts.
 */
export async function activate(
  virsh: VirshOrders,
  uuid: string,
  answers: QemuAnswers,
): Promise<{ readonly by: string } | Unknown> {
  if (answers.status !== 'running')
    return unknownOf(message('guest-not-running', { status: answers.status }));
  if (answers.inactiveNodes !== undefined) {
    const reply = await askMonitor(virsh, uuid, 'blockdev-set-active', { active: true });
    if (isUnknown(reply)) return reply;
    if (reply.kind === 'return') return { by: 'blockdev-set-active' };
    if (reply.class !== 'CommandNotFound') return refused('blockdev-set-active', reply.text);
  }
  const reply = await askMonitor(virsh, uuid, 'cont');
  if (isUnknown(reply)) return reply;
  return reply.kind === 'return' ? { by: 'cont' } : refused('cont', reply.text);
}

function refused(command: string, error: string): Unknown {
  return unknownOf(message('qemu-refused', { command, error }));
}

/** libvirt's long job of a domain, read from its status XML: no libvirtd is needed. */
export function jobOf(stateDirectory: string, name: string): string | undefined | Unknown {
  return inStatus(stateDirectory, name, jobIn);
}

/** The block job for which libvirt would not move the domain, read from there, too. */
export function blockJobOf(stateDirectory: string, name: string): BlockJob | undefined | Unknown {
  return inStatus(stateDirectory, name, blockJobIn);
}

function inStatus<T>(stateDirectory: string, name: string, read: (status: Element) => T): T | Unknown {
  const file = join(stateDirectory, `${name}.xml`);
  try {
    return read(readXml(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof XmlError) return unknownOf(message('status-xml-broken', { error: error.message }));
    return unknownOf(message('status-file-not-read', { file, error: errorName(error) }));
  }
}
