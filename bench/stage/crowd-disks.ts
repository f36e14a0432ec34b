import type { Domain } from '../../test/lab/harness';
import type { Crowd } from './crowd';

/** A disk of a domain of the crowd. */
export interface CrowdDisk {
  readonly domain: string;
  /** Of the process that stands for its QEMU. */
  readonly pid: number;
  /** Among all disks of the crowd. */
  readonly name: string;
  readonly path: string;
  /** The device, below `/dev`. */
  readonly device: string;
}

/** The disks of the first domains of a crowd. */
export function disksOf({ members }: Crowd, model: Domain, count: number): readonly CrowdDisk[] {
  return members.slice(0, count).flatMap(({ name: domain, pid }) => {
    const vmId = domain.slice('one-'.length);
    return model.disks.map(({ volume }, index) => ({
      domain,
      pid,
      name: `${vmId}-${index}`,
      path: `/var/lib/one/datastores/0/${vmId}/disk.${index}`,
      device: volume?.name ?? '',
    }));
  });
}
