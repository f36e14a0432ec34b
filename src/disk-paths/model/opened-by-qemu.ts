import type { BlockState } from '../../core/finding';
import { stringOf } from '../../core/report-json';
import { isUnknown, reasonIn, unknownOf, type Unknown } from '../../core/unknown';
import { isMigrating } from '../../block-state/model/judge';
import { sameIdentity, type Disk } from '../../file-tree/model/entry';
import type { Opened } from '../../file-tree/model/path-question';
import type { BlockNode } from '../../hypervisor/model/block-nodes';
import type { DiskSource } from '../../hypervisor/model/domain-xml';
import { property, type QemuAnswers, type QmpReply } from '../../hypervisor/model/qmp';
import { message, type Message } from '../../messages';

/** What happened when QEMU itself was to open a path. */
export type OpenedByQemu = (
  | { readonly kind: 'opened'; readonly entry: Disk }
  /** QEMU's own words, with the kernel's error. */
  | { readonly kind: 'refused'; readonly error: string }
  /** It opened these instead of what another process had opened by the same path. */
  | { readonly kind: 'another'; readonly disks: readonly Disk[] }
  | { readonly kind: 'not-asked'; readonly why: Message }
  | Unknown
) & {
  /** That the block node of ours may still be in QEMU, and why. */
  readonly left?: Message | undefined;
};

/** QEMU opens in its main thread, with the lock held for which the guest waits: only what another process opened in this time. */
const quickMs = 500;

/** What another process has just opened, quickly enough for QEMU to be asked; or why it must not be asked. */
export function openedQuickly(opened: Opened | Unknown | undefined): Disk | Message {
  if (opened === undefined || isUnknown(opened) || opened.kind === 'refused')
    return message('not-opened-before');
  const { entry, ms } = opened;
  if (typeof ms !== 'number') return message('not-read-before');
  return ms <= quickMs ? entry : message('opened-slowly', { ms: Math.round(ms) });
}

/** What QEMU opened, among the disks of its new descriptors: several files may be opened at once. */
export function whichOpened(disks: readonly Disk[] | Unknown, expected: Disk): OpenedByQemu {
  if (isUnknown(disks)) return disks;
  const entry = disks.find((disk) => sameIdentity(disk, expected));
  if (entry) return { kind: 'opened', entry };
  return disks.length > 0 ? { kind: 'another', disks } : unknownOf(message('new-descriptor-not-found'));
}

/** What decides whether a QEMU may be asked at all. */
interface QemuConditions {
  readonly answers: QemuAnswers | Unknown;
  /** The answer to `query-block-jobs`. */
  readonly blockJobs: QmpReply | Unknown;
  readonly blockState: BlockState;
}

/**
 * Why QEMU must not be asked in that run state, from the reply to `query-status`. Only while its guest runs, on disks that
 * are its own: a node that is added in RUN_STATE_INMIGRATE becomes INACTIVE (blockdev.c, bds_tree_init), and who owns the
 * disks of a paused guest is not always known.
 */
export function whyNotInState(reply: QmpReply | Unknown): Message | undefined {
  if (isUnknown(reply)) return reasonIn(reply);
  if (reply.kind === 'error') return message('qemu-did-not-answer', { error: reply.text });
  const status = property(reply.value, 'status');
  return status === 'running' ? undefined : message('guest-is', { status: stringOf(status) ?? '' });
}

/** Why QEMU, whose guest runs, must not be asked; `undefined`: it may be asked. */
export function whyNotAsked({ answers, blockJobs, blockState }: QemuConditions): Message | undefined {
  if (isUnknown(answers)) return reasonIn(answers);
  const { migration, inactiveNodes = [] } = answers;
  if (isMigrating(migration)) return message('migration-runs');
  if (inactiveNodes.length > 0) return message('block-state-is', { state: 'half-inactive' });
  if (isUnknown(blockJobs)) return reasonIn(blockJobs);
  if (blockJobs.kind === 'error')
    return message('qemu-refused', { command: 'query-block-jobs', error: blockJobs.text });
  if (!Array.isArray(blockJobs.value) || blockJobs.value.length > 0) return message('block-job-runs');
  return blockState === 'healthy' ? undefined : message('block-state-is', { state: blockState });
}

/** Why QEMU must not be asked as long as libvirt has a job of this name. */
export function whyNotDuring(job: string | undefined | Unknown): Message | undefined {
  if (job === undefined) return undefined;
  return typeof job === 'string' ? message('libvirt-job-runs', { job }) : reasonIn(job);
}

/** The driver of the node that has this disk open; `undefined` for one whose open may take long, such as a CD drive's. */
export function driverFor(source: DiskSource, nodes: readonly BlockNode[]): string | undefined {
  const own =
    nodes.find(({ name }) => name === source.node) ?? nodes.find(({ path }) => path === source.path);
  const driver = own?.driver ?? (source.type === 'block' ? 'host_device' : 'file');
  return driver === 'host_device' || driver === 'file' ? driver : undefined;
}

/**
 * The arguments of `blockdev-add` by which QEMU opens a path as it opens that disk. Read-only, as in a hand-over;
 * `force-share`: no lock is taken, nor needed (qapi/block-core.json, BlockdevOptions). QEMU refuses `aio=native` without
 * `cache.direct` (block/file-posix.c, raw_open_common).
 */
export function addArguments(
  node: string,
  driver: string,
  path: string,
  { direct, aio }: Pick<DiskSource, 'direct' | 'aio'>,
): object {
  return {
    'node-name': node,
    driver,
    filename: path,
    'read-only': true,
    'force-share': true,
    cache: { direct },
    ...(aio === undefined || (aio === 'native' && !direct) ? {} : { aio }),
  };
}

/** The reply to `blockdev-del`: why the node is still there; `undefined` when it is not. */
export function whyLeft(node: string, reply: QmpReply | Unknown): Message | undefined {
  if (isUnknown(reply)) return message('node-left', { node, why: reasonIn(reply) });
  // Another run has removed it (blockdev.c, qmp_blockdev_del).
  if (reply.kind === 'return' || reply.text.startsWith('Failed to find node')) return undefined;
  return message('node-left', { node, why: reply.text });
}
