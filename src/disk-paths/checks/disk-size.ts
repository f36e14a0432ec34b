import type { DomainFacts, SourceFacts } from '../model/facts';
import type { Finding } from '../../core/finding';
import { isUnknown } from '../../core/unknown';
import { message } from '../../messages';
import { nodeOf } from '../model/node-of';
import { about, type Check } from './check-type';

/**
 * With `--deep`: is each device as large as what QEMU has open for that disk? Disks whose paths were exchanged with one
 * another all lead to devices that QEMU holds open; only their sizes show which descriptor belongs to which disk.
 */
export const diskSize: Check = {
  name: 'disk-size',
  inspect: (facts) => {
    const differing = facts.sources.flatMap((source) => differenceOf(source, facts) ?? []);
    return differing.flatMap(({ source, device, held }): Finding[] => {
      // A disk that only grew is ignored: no other disk has a device of the size that this one had.
      const swapped = differing.find((other) => other.device === held);
      if (!swapped || !differing.some((other) => other.held === device)) return [];
      const { disk } = source.source;
      const values = { size: device, disk, heldSize: held, other: swapped.source.source.disk };
      return [{ ...about('disk-size', source), state: 'problem', ...message('volumes-exchanged', values) }];
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
  const held = isUnknown(nodes) ? undefined : nodeOf(source.source, nodes)?.size;
  if (device === undefined || held === undefined || device === held) return undefined;
  return { source, device, held };
}
