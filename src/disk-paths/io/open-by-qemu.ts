import type { Settings } from '../../config/settings';
import type { BlockState } from '../../core/finding';
import { isUnknown, reasonIn, type Unknown } from '../../core/unknown';
import type { Disk } from '../../file-tree/model/entry';
import { isInMemory, mountAt } from '../../file-tree/model/mounts';
import type { HeldDomain } from '../../hypervisor/hold-domain';
import { readBlockNodes, type BlockNode } from '../../hypervisor/model/block-nodes';
import type { DiskSource } from '../../hypervisor/model/domain-xml';
import { leftNodes, nodeNameOf } from '../../hypervisor/model/our-node';
import { readAnswers, type QmpReply } from '../../hypervisor/model/qmp';
import { askMonitor, jobOf, type VirshOrders } from '../../hypervisor/qmp-client';
import { message, type Message } from '../../messages';
import { startTimeOf } from '../../os/process-start-time';
import {
  addArguments,
  driverFor,
  openedQuickly,
  whichOpened,
  whyLeft,
  whyNotAsked,
  whyNotDuring,
  whyNotInState,
  type OpenedByQemu,
} from '../model/opened-by-qemu';
import type { SourceFacts } from '../model/facts';
import { isReopened } from '../model/reopened';
import type { OpenByQemu } from './collect-facts';
import { readPaths, type WhereLinksPoint } from './read-paths';

/** What is needed to ask QEMU. */
export interface QemuAsking {
  readonly virsh: VirshOrders;
  readonly settings: Settings;
  /** The block state of the domain; called only if everything else allows to ask. */
  readonly blockState: () => Promise<BlockState>;
}

/** A source whose path QEMU is to open. With `links`, which do not exist yet, QEMU opens the end of that path. */
export interface PathForQemu {
  readonly source: DiskSource;
  readonly links: WhereLinksPoint;
}

/** Has QEMU open the path of each disk that another process could open, and that QEMU may open again. */
export function openingByQemu(
  asking: QemuAsking,
  isWanted: (source: SourceFacts) => boolean = () => true,
): OpenByQemu {
  return async (held, facts) => {
    const wanted = facts.sources.filter((source) => {
      const { opened } = source;
      if (!opened || isUnknown(opened) || opened.kind !== 'opened') return false;
      return isReopened(source, facts) !== false && isWanted(source);
    });
    const paths = wanted.map(({ source }) => ({ source, links: asTheyAre }));
    const opened = await openByQemu(held, paths, asking);
    return new Map(
      wanted.flatMap((source, index) => {
        const byQemu = opened[index];
        return byQemu ? [[source, byQemu] as const] : [];
      }),
    );
  };
}

const asTheyAre: WhereLinksPoint = new Map();

/**
 * Has QEMU open these paths, one after the other, each directly after another process has opened it again. It stops at
 * the first question without an answer, and when a job begins. What happened is in the order of the paths.
 */
export async function openByQemu(
  held: HeldDomain,
  paths: readonly PathForQemu[],
  asking: QemuAsking,
): Promise<readonly OpenedByQemu[]> {
  const notAsked = (why: Message): OpenedByQemu => ({ kind: 'not-asked', why });
  if (paths.length === 0) return [];
  const nodes = await mayAsk(held, asking);
  if ('what' in nodes) return paths.map(() => notAsked(nodes));
  const results: OpenedByQemu[] = [];
  let stop: Message | undefined;
  for (const path of paths) {
    stop ??= whyNotNow(held, asking);
    const opened = stop ? notAsked(stop) : await openOne(held, path, nodes, asking);
    results.push(opened);
    if (opened.left || isUnknown(opened)) stop ??= message('node-left-before');
  }
  return results;
}

/** The nodes of a QEMU that may be asked, or why it may not. What a killed run left is removed. */
async function mayAsk(held: HeldDomain, asking: QemuAsking): Promise<readonly BlockNode[] | Message> {
  if (!asking.settings.check.askQemu) return message('ask-qemu-off');
  const why = whyNotNow(held, asking);
  if (why) return why;
  const ask = (command: string, args?: object): Promise<QmpReply | Unknown> =>
    sendTo(held, asking, command, args);
  const status = await ask('query-status');
  const state = whyNotInState(status);
  if (state) return state;
  const migrate = await ask('query-migrate');
  const named = await ask('query-named-block-nodes', { flat: true });
  const nodes = readBlockNodes(named);
  const answers = readAnswers(status, migrate, named);
  const blockJobs = await ask('query-block-jobs');
  const conditions = { answers, blockJobs };
  const refused =
    whyNotAsked({ ...conditions, blockState: 'healthy' }) ??
    whyNotAsked({ ...conditions, blockState: await asking.blockState() }) ??
    whyNotNow(held, asking);
  if (refused) return refused;
  if (isUnknown(nodes)) return reasonIn(nodes);
  for (const node of leftNodes(
    named,
    ({ pid, startTime }) => pid !== process.pid && startTimeOf(pid) === startTime,
  )) {
    const left = whyLeft(node, await ask('blockdev-del', { 'node-name': node }));
    if (left) return left;
  }
  return nodes;
}

async function openOne(
  held: HeldDomain,
  { source, links }: PathForQemu,
  nodes: readonly BlockNode[],
  asking: QemuAsking,
): Promise<OpenedByQemu> {
  const driver = driverFor(source, nodes);
  if (driver === undefined) return { kind: 'not-asked', why: message('driver-not-asked') };
  const before = held.process.descriptors();
  if (isUnknown(before)) return before;
  const [read] = await readPaths(held, [source], links, { open: true });
  const expected = openedQuickly(read?.opened);
  if ('what' in expected) return { kind: 'not-asked', why: expected };
  const end = read?.answer.resolved.end.path ?? source.path;
  const path = links.size > 0 ? end : source.path;
  const node = nodeNameOf({ pid: process.pid, startTime: startTimeOf(process.pid) ?? 0 });

  const reply = await sendTo(held, asking, 'blockdev-add', addArguments(node, driver, path, source));
  // Without an answer it may still be opening; then blockdev-del would only wait as long.
  if (isUnknown(reply)) return { ...reply, left: whyLeft(node, reply) };
  if (reply.kind === 'error') return { kind: 'refused', error: reply.text };
  const isKnownMount = (opened: string): boolean => {
    const mount = mountAt(held.mounts, opened);
    return mount !== undefined && (isInMemory(mount) || mount.id === mountAt(held.mounts, end)?.id);
  };
  let disks: readonly Disk[] | Unknown;
  let left: Message | undefined;
  try {
    disks = held.process.openedSince(before, isKnownMount);
  } finally {
    left = whyLeft(node, await sendTo(held, asking, 'blockdev-del', { 'node-name': node }));
  }
  return { ...whichOpened(disks, expected), left };
}

/** Why QEMU must not be asked at this moment. */
function whyNotNow({ domain }: HeldDomain, { settings }: QemuAsking): Message | undefined {
  return whyNotDuring(jobOf(settings.libvirt.stateDirectory, domain.name));
}

function sendTo(
  { domain }: HeldDomain,
  { virsh }: QemuAsking,
  command: string,
  args?: object,
): Promise<QmpReply | Unknown> {
  return askMonitor(virsh, domain.uuid, command, args);
}
