import { isUnknown, type Unknown } from '../../core/unknown';
import { property, type QmpReply } from './qmp';

/**
 * The block node by which QEMU opens a path for this program. QEMU allows 31 characters, of which the first is a letter
 * (block.c, bdrv_assign_node_name; util/id.c, id_wellformed). The name tells the process that added it, so that a node
 * that a killed process left can be told from one that another process uses.
 */
const prefix = 'migrate-guard-';
const ours = /^migrate-guard-([0-9a-z]{1,6})-([0-9a-z]{1,10})$/;

export interface NodeOwner {
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly startTime: number;
}

/** For one process always the same name: it has at most one node in each QEMU. */
export function nodeNameOf({ pid, startTime }: NodeOwner): string {
  return `${prefix}${pid.toString(36)}-${startTime.toString(36)}`;
}

export function isOurs(name: string): boolean {
  return name.startsWith(prefix);
}

/** The process that added a node; `undefined` for a node of another name. */
function ownerOf(name: string): NodeOwner | undefined {
  const [, pid, startTime] = ours.exec(name) ?? [];
  if (pid === undefined || startTime === undefined) return undefined;
  return { pid: parseInt(pid, 36), startTime: parseInt(startTime, 36) };
}

/** The nodes of ours in the answer to `query-named-block-nodes` whose process does not live any more, or is this one. */
export function leftNodes(
  reply: QmpReply | Unknown,
  isOther: (owner: NodeOwner) => boolean,
): readonly string[] {
  if (isUnknown(reply) || reply.kind === 'error' || !Array.isArray(reply.value)) return [];
  return reply.value.flatMap((node) => {
    const name = property(node, 'node-name');
    const owner = typeof name === 'string' ? ownerOf(name) : undefined;
    return typeof name === 'string' && owner && !isOther(owner) ? [name] : [];
  });
}
