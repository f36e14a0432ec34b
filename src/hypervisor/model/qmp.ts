import { textOf } from '../../core/report-json';
import { isUnknown, type Unknown } from '../../core/unknown';

/** What QEMU answers to one command (docs/interop/qmp-spec). */
export type QmpReply =
  | { readonly kind: 'return'; readonly value: unknown }
  | { readonly kind: 'error'; readonly class: string; readonly text: string };

/** One command, as QEMU reads it. */
export function qmpCommand(execute: string, args?: object): string {
  return JSON.stringify(args === undefined ? { execute } : { execute, arguments: args });
}

export function parseReply(answer: string): QmpReply | Unknown {
  let reply: unknown;
  try {
    reply = JSON.parse(answer);
  } catch {
    return { unknown: 'QEMU answered with something that is no JSON' };
  }
  const error = property(reply, 'error');
  if (error !== undefined) {
    return {
      kind: 'error',
      class: textOf(property(error, 'class')) ?? '',
      text: textOf(property(error, 'desc')) ?? '',
    };
  }
  const value = property(reply, 'return');
  return value === undefined
    ? { unknown: 'QEMU answered neither with a result nor with an error' }
    : { kind: 'return', value };
}

/** Puts the answers to query-status, query-migrate and query-named-block-nodes together; and to query-blockstats, where it was asked. */
export function readAnswers(
  status: QmpReply | Unknown,
  migrate: QmpReply | Unknown,
  nodes: QmpReply | Unknown,
  statistics?: QmpReply | Unknown,
): QemuAnswers | Unknown {
  const values: unknown[] = [];
  for (const reply of [status, migrate, nodes]) {
    if (isUnknown(reply)) return reply;
    // `Block device … is ejected`: a node without a driver, which bdrv_activate_all() stops at, silently.
    if (reply.kind === 'error') return { unknown: `QEMU refused to answer: ${reply.text}` };
    values.push(reply.value);
  }
  const runState = textOf(property(values[0], 'status'));
  if (runState === undefined) return { unknown: 'QEMU did not tell its run state' };
  return {
    status: runState,
    migration: textOf(property(values[1], 'status')),
    inactiveNodes: inactiveNodes(values[2]),
    ...(statistics === undefined ? {} : { hasServed: hasServed(statistics) }),
  };
}

/** `active` is told by every node since QEMU 10.0, and by none before (qapi/block-core.json, BlockDeviceInfo). */
function inactiveNodes(nodes: unknown): readonly string[] | undefined {
  if (!Array.isArray(nodes) || nodes.length === 0) return undefined;
  if (!nodes.every((node) => typeof property(node, 'active') === 'boolean')) return undefined;
  return nodes
    .filter((node) => property(node, 'active') === false)
    .map((node) => textOf(property(node, 'node-name')) ?? 'a node without a name');
}

/**
 * Whether any disk has done anything for the guest since this QEMU started: `idle_time_ns` is absent until then
 * (qapi/block-core.json, BlockDeviceStats). The counts do not come over with a guest.
 */
function hasServed(statistics: QmpReply | Unknown): boolean {
  if (isUnknown(statistics) || statistics.kind === 'error' || !Array.isArray(statistics.value)) return false;
  return statistics.value.some(
    (device) => typeof property(property(device, 'stats'), 'idle_time_ns') === 'number',
  );
}

/** An own property of an object; of anything else, `undefined`. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** What QEMU answers to QMP, as far as it matters; what it does not offer is `undefined`. */
export interface QemuAnswers {
  /** `query-status`: `running`, `paused`, … */
  readonly status: string;
  /** `query-migrate`; `undefined`: this QEMU has never seen a migration. */
  readonly migration: string | undefined;
  /** Of `query-named-block-nodes`: the nodes that are inactive; `undefined` before QEMU 10.0. */
  readonly inactiveNodes: readonly string[] | undefined;
  /** `query-blockstats`, where it matters: a disk has served the guest in this process. */
  readonly hasServed?: boolean;
}
