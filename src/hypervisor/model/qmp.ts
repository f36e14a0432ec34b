import { stringOf } from '../../core/report-json';
import { isUnknown, unknownOf, type Unknown } from '../../core/unknown';
import { message, textOf } from '../../messages';

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
    return unknownOf(message('qemu-answer-not-json'));
  }
  const error = property(reply, 'error');
  if (error !== undefined) {
    return {
      kind: 'error',
      class: stringOf(property(error, 'class')) ?? '',
      text: stringOf(property(error, 'desc')) ?? '',
    };
  }
  const value = property(reply, 'return');
  return value === undefined ? unknownOf(message('qemu-answer-without-result')) : { kind: 'return', value };
}

/** Combines the replies to query-status, query-migrate and query-named-block-nodes; and to query-blockstats, if it was sent. */
export function readAnswers(
  status: QmpReply | Unknown,
  migrate: QmpReply | Unknown,
  nodes: QmpReply | Unknown,
  statistics?: QmpReply | Unknown,
): QemuAnswers | Unknown {
  const values: unknown[] = [];
  for (const reply of [status, migrate, nodes]) {
    if (isUnknown(reply)) return reply;
    // `Block device … is ejected`: a node without a driver, at which bdrv_activate_all() stops without an error.
    if (reply.kind === 'error') return unknownOf(message('qemu-did-not-answer', { error: reply.text }));
    values.push(reply.value);
  }
  const runState = stringOf(property(values[0], 'status'));
  const migrationError = stringOf(property(values[1], 'error-desc'));
  if (runState === undefined) return unknownOf(message('no-run-state'));
  return {
    status: runState,
    migration: stringOf(property(values[1], 'status')),
    ...(migrationError === undefined ? {} : { migrationError }),
    inactiveNodes: inactiveNodes(values[2]),
    ...(statistics === undefined ? {} : { hasServed: hasServed(statistics) }),
  };
}

/** Every node has `active` since QEMU 10.0, and none before (qapi/block-core.json, BlockDeviceInfo). */
function inactiveNodes(nodes: unknown): readonly string[] | undefined {
  if (!Array.isArray(nodes) || nodes.length === 0) return undefined;
  if (!nodes.every((node) => typeof property(node, 'active') === 'boolean')) return undefined;
  return nodes
    .filter((node) => property(node, 'active') === false)
    .map((node) => stringOf(property(node, 'node-name')) ?? textOf('node-without-name'));
}

/**
 * Whether any disk has served a request of the guest since this QEMU started: `idle_time_ns` is absent until then
 * (qapi/block-core.json, BlockDeviceStats). A migration does not carry these counts over.
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

/** The parts of QEMU's answers that are used; one that this QEMU does not have is `undefined`. */
export interface QemuAnswers {
  /** `query-status`: `running`, `paused`, … */
  readonly status: string;
  /** `query-migrate`; `undefined`: this QEMU has never seen a migration. */
  readonly migration: string | undefined;
  /** The same: its `error-desc`, where the last migration failed. */
  readonly migrationError?: string;
  /** Of `query-named-block-nodes`: the nodes that are inactive; `undefined` before QEMU 10.0. */
  readonly inactiveNodes: readonly string[] | undefined;
  /** `query-blockstats`, where it matters: a disk has served the guest in this process. */
  readonly hasServed?: boolean;
}
