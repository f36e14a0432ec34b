import type { BlockNode } from '../../hypervisor/model/block-nodes';
import type { DiskSource } from '../../hypervisor/model/domain-xml';

/** The node of a source by its name; where libvirt's XML has none, by its path, unless several nodes have that one. */
export function nodeOf(source: DiskSource, nodes: readonly BlockNode[]): BlockNode | undefined {
  const named = nodes.find(({ name }) => name === source.node);
  if (named) return named;
  const [only, ...more] = nodes.filter(({ path }) => path === source.path);
  return more.length === 0 ? only : undefined;
}
