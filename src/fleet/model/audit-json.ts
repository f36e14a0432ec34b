import { failureOf, type Failure } from '../../core/errors';
import type { FleetDomain, FleetHost, FleetReport } from './fleet';
import { hostsSeen, type Seen } from './diff';
import { message } from '../../messages';
import { mismatchKinds } from './mismatch';
import { oneOf, readDomainReport, readObject, stringOf } from '../../core/report-json';

/**
 * Reads an earlier audit from its `--json` output, or returns what is wrong with the text, and where. A list of some
 * verdicts only is refused: a missing VM may have had another verdict, or not have existed.
 */
export function readFleet(text: string): Seen | Failure {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return failureOf('usage', message('not-json', { error: (error as Error).message }));
  }
  const given = readObject(document);
  const domains = given?.get('domains');
  if (!Array.isArray(domains)) return failureOf('usage', message('no-domains'));
  const read: FleetDomain[] = [];
  for (const [index, value] of domains.entries()) {
    const domain = readFleetDomain(value);
    if (!domain) return failureOf('usage', message('not-a-vm-of-an-audit', { index }));
    read.push(domain);
  }
  const verdicts = readObject(given?.get('asked'))?.get('verdicts') ?? null;
  if (verdicts !== null) return failureOf('usage', message('some-verdicts-only'));
  return { domains: read, hosts: given ? readHosts(given) : null };
}

const sources: readonly FleetReport['source'][] = ['monitoring', 'hosts', 'here'];

/** `null` when all hosts were asked. A file without the field covers the hosts that it lists. */
function readHosts(document: ReadonlyMap<string, unknown>): Seen['hosts'] {
  const [asked, hosts] = [readObject(document.get('asked')), document.get('hosts')];
  const isWhole = asked !== undefined && (asked.get('hosts') ?? asked.get('cluster') ?? null) === null;
  if (!Array.isArray(hosts)) return null;
  const read = hosts.flatMap((value): FleetHost[] => {
    const given = readObject(value);
    const trouble = readObject(given?.get('trouble'));
    const host = given?.get('host');
    if (typeof host !== 'string') return [];
    return [
      {
        host,
        cluster: null,
        ...(trouble ? { trouble: { what: textIn(trouble, 'what'), remedy: textIn(trouble, 'remedy') } } : {}),
      },
    ];
  });
  const source = sources.find((known) => known === document.get('source')) ?? 'monitoring';
  return hostsSeen({ source, hosts: read, vmsListed: document.get('vmsListed') !== false }, isWhole);
}

function textIn(given: ReadonlyMap<string, unknown>, key: string): string {
  return stringOf(given.get(key)) ?? '';
}

function readFleetDomain(value: unknown): FleetDomain | undefined {
  const [report, given] = [readDomainReport(value), readObject(value)];
  const [host, vmId, name] = ['host', 'vmId', 'name'].map((key) => given?.get(key) ?? null);
  const [reason, seen] = ['reason', 'seen'].map((key) => given?.get(key) ?? null);
  if (!report || typeof host !== 'string' || typeof reason !== 'string') return undefined;
  if (vmId !== null && typeof vmId !== 'number') return undefined;
  if ((name !== null && typeof name !== 'string') || (seen !== null && typeof seen !== 'string'))
    return undefined;
  const mismatch = oneOf(mismatchKinds, given?.get('mismatch'));
  const base = { ...report, host, vmId: vmId ?? null, name: name ?? null, reason, seen: seen ?? null };
  return mismatch ? { ...base, mismatch } : base;
}
