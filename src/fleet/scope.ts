import { GuardError } from '../core/errors';
import { inOrder, type FleetHost } from './model/fleet';
import { nearest } from '../core/did-you-mean';
import type { Settings } from '../config/settings';
import { message, textOf } from '../messages';
import type { Element } from '../core/element';
import { isUnknown, type Unknown } from '../core/unknown';
import { kvmHosts, type KvmHost } from '../opennebula/model/host-pool';
import { isPlaced, readVmRecords, type VmRecord } from '../opennebula/model/vm-pool';
import { validateHost } from '../os/host-name';
import { listInOpenNebula } from '../opennebula/one-cli';

/** The part of the cloud that is asked for. */
export interface Wanted {
  /** Names of hosts; all hosts when it is left out. */
  readonly hosts?: readonly string[] | undefined;
  /** OpenNebula's name or id of a cluster. */
  readonly cluster?: string | undefined;
}

/** The hosts, and the VMs that OpenNebula lists on them. */
export interface Scope {
  readonly hosts: readonly FleetHost[];
  readonly vms: readonly VmRecord[];
  /** All VMs that OpenNebula lists, by id, on any host; `undefined` where it does not list them. */
  readonly records: ReadonlyMap<number, VmRecord> | undefined;
  /** The VMs of these hosts. */
  readonly zombies: readonly { readonly host: string; readonly id: number }[];
  /** What could not be read from OpenNebula. */
  readonly doubts: readonly string[];
  /** Whether `vms` holds every VM. */
  readonly vmsListed: boolean;
}

/** Deadline in milliseconds: OpenNebula's command line is Ruby, and oned is slow with a pool of thousands. */
const deadlineMs = 60_000;

/**
 * Asks OpenNebula for its hosts and VMs. What cannot be read is a warning; hosts given by name are asked
 * nevertheless.
 * @throws GuardError for a host or a cluster that does not exist, and when no host is known
 */
export async function findScope(wanted: Wanted, { ssh: { user } }: Settings): Promise<Scope> {
  wanted.hosts?.forEach(validateHost);
  const [hostPool, vmPool] = await Promise.all([
    listInOpenNebula('onehost', user, deadlineMs),
    listInOpenNebula('onevm', user, deadlineMs),
  ]);
  const known = isUnknown(hostPool) ? hostPool : kvmHosts(hostPool);
  const records = isUnknown(vmPool) ? undefined : recordsIn(vmPool);
  const placed = isUnknown(vmPool) ? vmPool : [...(records?.values() ?? [])].filter(isPlaced);
  const warnings = notListed(known, placed);
  const hosts = chooseHosts(wanted, known, isUnknown(placed) ? [] : placed);
  if (hosts.length === 0 && warnings.length > 0) {
    throw new GuardError('undecided', message('opennebula-not-asked', { why: warnings.join('; '), user }));
  }
  const names = new Set(hosts.map(({ host }) => host));
  const vms = isUnknown(placed) ? [] : placed.filter(({ host }) => names.has(host));
  const zombies = (isUnknown(known) ? [] : known).flatMap(({ name, zombies: ids }) =>
    names.has(name) ? ids.map((id) => ({ host: name, id })) : [],
  );
  return { hosts, vms, records, zombies, doubts: warnings, vmsListed: records !== undefined };
}

/** The present records of its VMs. */
export async function askForRecords({
  ssh: { user },
}: Settings): Promise<ReadonlyMap<number, VmRecord> | Unknown> {
  const pool = await listInOpenNebula('onevm', user, deadlineMs);
  return isUnknown(pool) ? pool : recordsIn(pool);
}

function recordsIn(pool: Element): ReadonlyMap<number, VmRecord> {
  return new Map(readVmRecords(pool).map((record) => [record.id, record]));
}

function notListed(hosts: object, vms: object): string[] {
  const [noHosts, noVms] = [hosts, vms].map((pool) => (isUnknown(pool) ? pool.unknown : undefined));
  if (noHosts !== undefined && noHosts === noVms) return [textOf('neither-listed', { why: noHosts })];
  return [
    ...(noHosts === undefined ? [] : [textOf('hosts-not-listed', { why: noHosts })]),
    ...(noVms === undefined ? [] : [textOf('vms-not-listed', { why: noVms })]),
  ];
}

function chooseHosts(
  { hosts: named, cluster }: Wanted,
  known: readonly KvmHost[] | Unknown,
  vms: readonly VmRecord[],
): FleetHost[] {
  if (isUnknown(known)) {
    if (cluster !== undefined)
      throw new GuardError('undecided', message('cluster-unknown', { cluster, why: known.unknown }));
    const names = named ?? vms.map(({ host }) => host);
    return [...new Set(names)].sort(inOrder).map((host) => ({ host, cluster: null }));
  }
  const clusterOf = new Map(
    known.map(({ name, cluster: { id, name: clusterName } }) => [name, { id, name: clusterName }]),
  );
  // A host that is switched off or was removed may still have VMs in OpenNebula's records.
  const all = new Set([...clusterOf.keys(), ...vms.map(({ host }) => host)]);
  refuseUnknown('host', named ?? [], [...all]);
  const clusters = [...clusterOf.values()].flatMap(({ id, name }) => [id, name]);
  refuseUnknown('cluster', cluster === undefined ? [] : [cluster], clusters);
  return [...all]
    .filter((host) => named?.includes(host) ?? true)
    .filter((host) => {
      const its = clusterOf.get(host);
      return cluster === undefined || its?.name === cluster || its?.id === cluster;
    })
    .sort(inOrder)
    .map((host) => ({ host, cluster: clusterOf.get(host)?.name ?? null }));
}

function refuseUnknown(kind: 'host' | 'cluster', given: readonly string[], known: readonly string[]): void {
  const foreign = given.find((name) => !known.includes(name));
  if (foreign === undefined) return;
  const close = nearest(foreign, known);
  const remedy = close === undefined ? textOf('see-list', { kind }) : textOf('did-you-mean', { close });
  throw new GuardError('usage', { ...message('not-in-opennebula', { kind, name: foreign }), remedy });
}
