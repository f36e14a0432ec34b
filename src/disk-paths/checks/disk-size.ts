import type { BlockNode } from '../../hypervisor/model/block-nodes';
import { type DomainFacts, type SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { isUnknown } from '../../core/unknown';
import { about, type Check } from './check-type';

/**
 * With `--deep`: is each device as large as what QEMU has open for that disk? Disks whose paths were exchanged with one
 * another all lead to devices that QEMU holds open; which descriptor belongs to which disk only their sizes tell.
 */
export const diskSize: Check = {
  name: 'disk-size',
  inspect: (facts) => {
    const differing = facts.sources.flatMap((source) => differenceOf(source, facts) ?? []);
    return differing.flatMap(({ source, device, held }): Finding[] => {
      // A device that merely grew behind QEMU's back differs, too: what it has no longer is what another disk wants.
      const its = differing.find((other) => other.device === held);
      if (!its || !differing.some((other) => other.held === device)) return [];
      const what = `the path leads to a device of ${device} bytes, but what QEMU holds for ${source.source.disk} has ${held} bytes, as has the one that ${its.source.source.disk} leads to: they are exchanged`;
      const remedy = 'do not migrate: find out which volume is whose, and make each path lead there';
      return [{ ...about('disk-size', source), state: 'problem', what, remedy }];
    });
  },
};

interface Difference {
  readonly source: SourceFacts;
  /** Bytes of the device at the end of the path. */
  readonly device: number;
  /** Bytes of what QEMU has open for it. */
  readonly held: number;
}

function differenceOf(source: SourceFacts, { nodes = [] }: DomainFacts): Difference | undefined {
  const device = source.size;
  const held = isUnknown(nodes) ? undefined : nodeOf(source, nodes)?.size;
  if (device === undefined || held === undefined || device === held) return undefined;
  return { source, device, held };
}

/** By its name; where libvirt does not tell that, by its path, unless several nodes have that one. */
function nodeOf({ source }: SourceFacts, nodes: readonly BlockNode[]): BlockNode | undefined {
  const named = nodes.find(({ name }) => name === source.node);
  if (named) return named;
  const [only, ...more] = nodes.filter(({ path }) => path === source.path);
  return more.length === 0 ? only : undefined;
}
