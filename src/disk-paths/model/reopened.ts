import { type OpenFile, sameIdentity } from '../../file-tree/model/entry';
import type { DomainFacts, SourceFacts } from './facts';
import { isUnknown, unknownOf, type Unknown } from '../../core/unknown';
import { disksAt } from '../../file-tree/model/walk';
import { message } from '../../messages';

/**
 * Whether QEMU opens this file again, by its name, when it hands its disks over.
 *
 * It gives up writing then, and a node with auto-read-only (which libvirt sets) is opened read-only for that, unless it
 * is already (block/file-posix.c, raw_reconfigure_getfd). So what counts is how its descriptor was opened, and not what
 * the file is in the chain: after a live snapshot while the path is missing QEMU keeps the file below open for writing,
 * because opening that one read-only failed without a message. Measured on QEMU 7.2.0, 7.2.22 and 10.0: there the next
 * migration fails, or kills QEMU; and it completes while the path of a read-only file is gone.
 */
export function isReopened(
  facts: SourceFacts,
  { open, nodes = [] }: Pick<DomainFacts, 'open' | 'nodes'>,
): boolean | Unknown {
  const { source } = facts;
  if (!source.readonly) return true;
  const isWritten =
    !isUnknown(nodes) &&
    nodes.some(({ name, path, written }) => written && (name === source.node || path === source.path));
  if (isWritten) return true;
  return isHeldForWriting(facts, { open }) ?? false;
}

/** Whether QEMU has this file open for writing; undefined if it does not have it open at all. */
export function isHeldForWriting(
  { host, namespace }: SourceFacts,
  { open }: Pick<DomainFacts, 'open'>,
): boolean | Unknown | undefined {
  if (isUnknown(open)) return open;
  const own = open.filter((file) => disksAt(host, namespace).some((end) => sameIdentity(file, end)));
  if (own.length === 0) return undefined;
  // Several disks of a VM may share a file; which of them has the writable descriptor cannot be seen from outside.
  if (own.some(({ writable }) => writable === true)) return true;
  return own.map(unknownModeOf).find((unknown) => unknown !== undefined) ?? false;
}

function unknownModeOf({ writable }: OpenFile): Unknown | undefined {
  if (writable === undefined) return unknownOf(message('open-mode-not-read'));
  return typeof writable === 'object' ? writable : undefined;
}
