import { type OpenFile, sameIdentity } from '../../file-tree/model/entry';
import { type DomainFacts, type SourceFacts } from './facts';
import { isUnknown, type Unknown } from '../../core/unknown';
import { disksAt } from '../../file-tree/model/walk';

/**
 * Whether QEMU opens this file again, by its name, when it hands its disks over.
 *
 * It gives up writing then, and a node with auto-read-only (which libvirt sets) is opened read-only for that, unless it
 * is already (block/file-posix.c, raw_reconfigure_getfd). So what counts is how its descriptor was opened, and not what
 * the file is in the chain: after a live snapshot while the path is missing QEMU goes on holding the file below for writing,
 * as its try to open that one read-only failed without a word. Measured on QEMU 7.2.0, 7.2.22 and 10.0: there the next
 * migration fails, or kills QEMU; and it completes while the path of a read-only file is gone.
 */
export function isReopened(
  facts: SourceFacts,
  { open, nodes = [] }: Pick<DomainFacts, 'open' | 'nodes'>,
): boolean | Unknown {
  const { source, host, namespace } = facts;
  if (!source.readonly) return true;
  const isWritten =
    !isUnknown(nodes) &&
    nodes.some(({ name, path, written }) => written && (name === source.node || path === source.path));
  if (isWritten) return true;
  if (isUnknown(open)) return open;
  const its = open.filter((file) => disksAt(host, namespace).some((end) => sameIdentity(file, end)));
  // Several disks of a VM may share a file; whose descriptor is the writable one cannot be told from outside.
  if (its.some(({ writable }) => writable === true)) return true;
  return its.map(doubtOf).find((doubt) => doubt !== undefined) ?? false;
}

function doubtOf({ writable }: OpenFile): Unknown | undefined {
  if (writable === undefined) return { unknown: 'how QEMU opened it was not read', remedy: 'run again' };
  return typeof writable === 'object' ? writable : undefined;
}
