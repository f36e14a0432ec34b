import type { Domain } from '../../test/lab/harness';

/** A disk of a domain, real or modelled. */
export interface StageDisk {
  readonly domain: string;
  /** Of its QEMU, as the host sees it. */
  readonly pid: number;
  /** Among all disks of the host. */
  readonly name: string;
  readonly path: string;
  /** The device, below `/dev`. */
  readonly device: string;
}

export function disksOf({ name: domain, pid, disks }: Pick<Domain, 'name' | 'pid' | 'disks'>): StageDisk[] {
  const vmId = domain.slice('one-'.length);
  return disks.map(({ volume }, index) => ({
    domain,
    pid,
    name: `${vmId}-${index}`,
    path: `/var/lib/one/datastores/0/${vmId}/disk.${index}`,
    device: volume?.name ?? '',
  }));
}
