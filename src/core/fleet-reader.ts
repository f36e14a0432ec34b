import type { FleetDomain } from './fleet';
import { readDomainReport, readObject } from './report-reader';

/** The VMs of an earlier audit, from what it printed with `--json`; or why the text is none, naming the place. */
export function readFleetDomains(text: string): FleetDomain[] | string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return `it is no JSON: ${(error as Error).message}`;
  }
  const domains = readObject(document)?.get('domains');
  if (!Array.isArray(domains)) return 'it has no list "domains"';
  const read: FleetDomain[] = [];
  for (const [index, value] of domains.entries()) {
    const domain = readFleetDomain(value);
    if (!domain) return `domains[${index}] is no VM of an audit`;
    read.push(domain);
  }
  return read;
}

function readFleetDomain(value: unknown): FleetDomain | undefined {
  const [report, given] = [readDomainReport(value), readObject(value)];
  const [host, vmId, name] = ['host', 'vmId', 'name'].map((key) => given?.get(key) ?? null);
  const [reason, seen] = ['reason', 'seen'].map((key) => given?.get(key) ?? null);
  if (!report || typeof host !== 'string' || typeof reason !== 'string') return undefined;
  if (vmId !== null && typeof vmId !== 'number') return undefined;
  if ((name !== null && typeof name !== 'string') || (seen !== null && typeof seen !== 'string'))
    return undefined;
  return { ...report, host, vmId: vmId ?? null, name: name ?? null, reason, seen: seen ?? null };
}
