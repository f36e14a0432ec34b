import { type Domain, type Host, startDomain, Volume } from '../../test/lab/harness';

export const disksPerDomain = 4;
const firstId = 310;

/**
 * Real VMs with four disks each, suspended: an emulated guest that runs would take processor time from the
 * measurement.
 */
export async function startRealDomains(host: Host, count: number, volumes: Volume[]): Promise<Domain[]> {
  const domains: Domain[] = [];
  for (let index = 0; index < count; index += 1) {
    const disks = [];
    for (let disk = 0; disk < disksPerDomain; disk += 1) {
      const volume = await Volume.create();
      volumes.push(volume);
      volume.installGuest({ writesTo: [] });
      disks.push({ target: `vd${String.fromCharCode('a'.charCodeAt(0) + disk)}`, volume });
    }
    const domain = await startDomain(host, { vmId: firstId + index, disks });
    await host.virsh('suspend', domain.name);
    domains.push(domain);
  }
  return domains;
}
