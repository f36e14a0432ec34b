import type { Finding } from '../../core/finding';
import { orders, type Order } from '../../core/order';
import { message } from '../../messages';
import { diskAt } from '../../file-tree/model/walk';
import type { DomainFacts, SourceFacts } from './facts';
import { ignoresFailedReopen, keepsDescriptor } from './handed-over';
import { closedDirectory } from './permissions';
import { isReopened } from './reopened';

/** Checks of what a path leads to inside, whose failures matter only to an order that makes QEMU open that path again. */
const pathChecks = ['disk-path', 'disk-access', 'disk-open'];

const affectedBy: Readonly<Record<string, readonly Order[]>> = {
  destination: ['migrate'],
  'domain-persistent': ['storage-move'],
  // None of the others makes QEMU take a disk back for writing.
  'disk-writable': ['migrate', 'save', 'commit'],
};

/** The orders that this finding makes fail, or may make fail. What is not known to be harmless affects all. */
function affectedOrders(finding: Finding, facts: DomainFacts): readonly Order[] {
  const { check, state, disk, path, affects } = finding;
  if (state === 'ok') return [];
  if (affects) return affects;
  const source = facts.sources.find(({ source }) => source.disk === disk && source.path === path);
  // What is missing on the host, libvirt on the destination does not find either; and storage that does not answer may
  // hang any order, also where QEMU's descriptors could not be read for the same reason.
  if (source && diskAt(source.host) && isAnswered(source) && pathChecks.includes(check))
    return ordersThatOpen(source, facts);
  return affectedBy[check] ?? orders;
}

function isAnswered({ namespace }: SourceFacts): boolean {
  return namespace.end.kind !== 'unreadable' || closedDirectory(namespace) !== undefined;
}

/**
 * The orders that make QEMU open this path again. Measured on libvirt 9.0 with QEMU 7.2.22, for raw and qcow2 disks on
 * block devices. A snapshot of a qcow2 disk succeeds without the path, but QEMU then keeps the file below open for
 * writing (model/reopened.ts), and the next migration fails, or kills QEMU 7.2.0: so it counts as one that fails.
 */
function ordersThatOpen(facts: SourceFacts, domain: DomainFacts): readonly Order[] {
  const { role, format } = facts.source;
  const reopened = isReopened(facts, domain);
  // A file below is read-only until a commit writes to it.
  const toWriteAgain: readonly Order[] = role === 'backing' && reopened !== true ? ['commit'] : [];
  if (reopened === false || keepsDescriptor(facts, domain)) return toWriteAgain;
  if (ignoresFailedReopen(domain)) {
    const locked: readonly Order[] = isLockedImage(facts) ? ['migrate'] : [];
    return role === 'backing' ? [...toWriteAgain, ...locked] : [...locked, 'snapshot'];
  }
  if (role === 'backing' && reopened !== true) return ['migrate', 'save', 'commit'];
  if (role !== 'disk' && role !== 'node') return ['migrate', 'save'];
  return format === 'qcow2'
    ? ['migrate', 'save', 'snapshot']
    : ['migrate', 'save', 'storage-move', 'snapshot'];
}

/**
 * Measured on QEMU 5.2 with libvirt 7.0: all else succeeds, also the move of a raw disk. Of a qcow2 image in a file QEMU
 * keeps its lock for writing, and the destination's cont fails: Failed to get "write" lock. So it does of a file below that
 * a snapshot has left open for writing. The format is known of a disk only; what is not known to be raw counts as qcow2.
 */
function isLockedImage({ source, host }: SourceFacts): boolean {
  return diskAt(host)?.kind === 'file' && source.format !== 'raw';
}

/**
 * The findings with the orders that they affect. One that does no harm to the orders that are `wanted` is `ok`; it keeps
 * its plan, which a repair carries out.
 */
export function judgeFor(
  wanted: readonly Order[],
  findings: readonly Finding[],
  facts: DomainFacts,
): Finding[] {
  return findings.map((finding) =>
    harmlessUnless(wanted, { ...finding, affects: affectedOrders(finding, facts) }),
  );
}

function harmlessUnless(
  wanted: readonly Order[],
  finding: Finding & Required<Pick<Finding, 'affects'>>,
): Finding {
  const { affects, what, short, ...rest } = finding;
  if (finding.state === 'ok' || affects.some((order) => wanted.includes(order))) return finding;
  const problem = { what, ...(short === undefined ? {} : { short }) };
  const harmless =
    affects.length === 0
      ? message('harmless', { problem })
      : message('harmless-to-order', { problem, harmed: affects.join(', ') });
  return { ...rest, affects, state: 'ok', note: true, ...harmless };
}
