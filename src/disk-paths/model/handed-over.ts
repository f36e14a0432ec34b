import type { DomainFacts, SourceFacts } from './facts';
import { isUnknown } from '../../core/unknown';

/**
 * Whether it is known that QEMU hands this file over, and takes it back, without opening it by its name.
 *
 * QEMU opens a file again, when nothing writes to it any more, only if its node has `auto-read-only` (block/file-posix.c,
 * raw_parse_flags). libvirt gives that option to the file of a format's node. Since 11.3 it gives no format's node, and not
 * that option, to a raw disk. Measured on libvirt 11.3 with QEMU 10.0.13, and 12.8 with 11.1.2: with its path missing, such
 * a disk migrates, is saved, is moved, and gets a snapshot. The command line has the options of the nodes of the start;
 * of those that came later, libvirt's status XML shows whether they have a format's node.
 */
export function keepsDescriptor(
  { source: { node, isOnlyNode } }: SourceFacts,
  { startNodes, nodes = [] }: Pick<DomainFacts, 'startNodes' | 'nodes'>,
): boolean {
  if (node === undefined) return false;
  const isAutoReadOnly = startNodes?.get(node);
  if (isAutoReadOnly !== undefined) return !isAutoReadOnly;
  const hasFormatNode = !isUnknown(nodes) && nodes.some(({ name, written }) => name === node && written);
  return isOnlyNode === true && !hasFormatNode;
}

/**
 * Whether this QEMU is known to hand a disk over although it could not open it again. QEMU 5.2 ignores that failure: measured
 * (block.c, bdrv_child_try_set_perm: an error is no error while restrictions are only loosened). 6.0 and 6.1 were not measured.
 * Nothing in its files shows its release, but its nodes show whether it is before 6.0, where they were asked for; where not,
 * and from 6.0 on, it counts as any other QEMU.
 */
export function ignoresFailedReopen({ nodes = [] }: Pick<DomainFacts, 'nodes'>): boolean {
  return !isUnknown(nodes) && nodes.some(({ isBefore6 }) => isBefore6);
}
