import { GuardError, isFailure } from '../core/errors';
import { message, textOf } from '../messages';
import { verdicts, type Verdict } from '../core/finding';
import {
  countVerdicts,
  isAtRisk,
  worstVerdict,
  type FleetDomain,
  type FleetReport,
} from '../fleet/model/fleet';
import { compareFleets, hostsSeen, type Change, type Seen } from '../fleet/model/diff';
import { readFleet } from '../fleet/model/audit-json';
import type { Settings } from '../config/settings';
import { readNamedFile } from '../os/read-named-file';
import { writeWhole } from '../os/output-file';
import { audit, type AuditOptions } from '../fleet/audit';
import { forecastFleet } from '../fleet/relink-forecast';
import type { Wanted } from '../fleet/scope';
import { renderMetrics } from '../fleet/prometheus';
import { renderPage } from '../fleet/page/page';
import { exitOf, printJson } from '../cli/print-reports';
import { progressOf } from '../cli/progress';
import { print } from '../cli/stdout';
import { readMap } from './link-map-file';
import { renderAudit, renderChanges } from '../fleet/render-audit';
import { renderForecast } from '../fleet/render-forecast';
import { hostList, noWords, someHosts, type CommandLine, type Command } from '../cli/command';
import { version, versionNumber } from '../cli/version';

export const auditVerb: Command = {
  name: 'audit',
  words: '',
  takes: noWords,
  summary: 'which VMs of the cloud are at risk? the worst come first',
  options: {
    live: { help: 'ask the hosts over ssh, instead of reading what OpenNebula has collected' },
    here: { help: 'only the VMs of this host, as root; OpenNebula is not asked' },
    hosts: someHosts,
    cluster: { value: 'NAME', help: "only the hosts of OpenNebula's cluster of this name or id" },
    verdict: { value: 'A,B,…', help: `list only the VMs of these verdicts: ${verdicts.join(', ')}` },
    'before-relink': { value: 'MAP', help: 'what would happen to the VMs if these links were re-pointed' },
    html: { value: 'FILE', help: 'write an HTML page; that one file contains everything' },
    prometheus: { value: 'FILE', help: "write metrics for node_exporter's textfile collector" },
    diff: { value: 'OLD.json', help: 'what has changed since that output of audit --json' },
  },
  examples: [
    ['migrate-guard audit', 'on the front-end: all VMs, as OpenNebula has collected it'],
    ['migrate-guard audit --live --hosts kvm1,kvm2 --html risk.html', 'ask two hosts now, and write a page'],
    ['migrate-guard audit --before-relink links.txt', 'before the links of disks are re-pointed'],
    ['migrate-guard audit --diff old.json', 'what has changed since migrate-guard audit --json >old.json'],
  ],
  run: async (line, settings) => {
    const options = optionsOf(line, settings);
    const map = line.value('before-relink');
    if (map !== undefined) return forecast(map, options, line);
    const wanted = verdictsOf(line);
    const old = earlierOf(line);
    const report = await audit(options);
    options.end();
    const shown = report.domains.filter((domain) => wanted?.includes(domain.verdict) ?? true);
    const changes = old && compareFleets(old, seenBy(report, options));
    write(report, line);
    if (line.flag('json')) printJson(documentOf(report, { ...options, verdicts: wanted }, shown, changes));
    else {
      const listed = wanted || line.flag('verbose') ? shown : shown.filter(isAtRisk);
      print(renderAudit(report, listed, new Date()));
      if (changes) print(`\n${renderChanges(changes, line.value('diff') ?? '')}`);
    }
    return exitOf([worstVerdict(report)]);
  },
};

function optionsOf(line: CommandLine, settings: Settings): AuditOptions & { end: () => void } {
  const source = line.flag('here') ? 'here' : line.flag('live') ? 'hosts' : 'monitoring';
  const [wanted, cluster] = [hostList(line), line.value('cluster')];
  const isElsewhere = wanted !== undefined || cluster !== undefined || line.flag('live');
  if (source === 'here' && (isElsewhere || line.value('before-relink') !== undefined)) {
    throw new GuardError('usage', message('here-with-others'));
  }
  const { progress, end } = progressOf('hosts');
  return { settings, version: versionNumber, source, hosts: wanted, cluster, progress, end };
}

async function forecast(
  file: string,
  options: AuditOptions & { end: () => void },
  line: CommandLine,
): Promise<number> {
  for (const option of ['html', 'prometheus', 'diff', 'verdict'])
    if (line.value(option) !== undefined)
      throw new GuardError('usage', message('not-with-forecast', { option }));
  const changes = readMap(file);
  const seen = await forecastFleet(changes, options);
  options.end();
  if (line.flag('json')) printJson({ changes, ...seen });
  else print(renderForecast(seen, changes.length));
  const isUnsure = seen.doubts.length > 0 || seen.hosts.some(({ trouble }) => trouble !== undefined);
  return exitOf([
    ...seen.domains.map(({ verdict }) => verdict),
    ...(isUnsure ? (['undecided'] as const) : []),
  ]);
}

function documentOf(
  { host, time, source, hosts: asked, domains, doubts, vmsListed, guardsNotRun }: FleetReport,
  wanted: Wanted & { readonly verdicts: readonly Verdict[] | undefined },
  shown: readonly FleetDomain[],
  changes: readonly Change[] | undefined,
): object {
  const totals = countVerdicts(domains);
  // A later --diff has to know what was excluded from this document.
  const only = {
    hosts: wanted.hosts ?? null,
    cluster: wanted.cluster ?? null,
    verdicts: wanted.verdicts ?? null,
  };
  return {
    host,
    time,
    source,
    asked: only,
    totals,
    doubts,
    vmsListed,
    hosts: asked,
    domains: shown,
    ...(guardsNotRun ? { guardsNotRun } : {}),
    ...(changes ? { changes } : {}),
  };
}

/** What `--diff` may compare: nothing is known about hosts that were not asked. */
function seenBy(report: FleetReport, wanted: Wanted): Seen {
  const isWhole = wanted.hosts === undefined && wanted.cluster === undefined;
  return { domains: report.domains, hosts: hostsSeen(report, isWhole) };
}

/** Each file has the whole audit, even if fewer VMs are listed. @throws GuardError */
function write(report: FleetReport, line: CommandLine): void {
  const [page, metrics] = [line.value('html'), line.value('prometheus')];
  if (page !== undefined) writeWhole(page, renderPage(report, version()));
  if (metrics !== undefined) writeWhole(metrics, renderMetrics(report, version()));
}

/** @throws GuardError for a word that is not a verdict */
function verdictsOf(line: CommandLine): readonly Verdict[] | undefined {
  const given = line.value('verdict');
  return given?.split(',').map((word) => {
    const verdict = verdicts.find((known) => known === word);
    if (verdict) return verdict;
    const values = { word: JSON.stringify(word), verdicts: verdicts.join(', ') };
    throw new GuardError('usage', message('verdict-not-known', values));
  });
}

/** @throws GuardError for a file that cannot be read or is not an audit, before any host is asked */
function earlierOf(line: CommandLine): Seen | undefined {
  const file = line.value('diff');
  if (file === undefined) return undefined;
  const remedy = textOf('name-audit-file');
  const earlier = readFleet(readNamedFile(file, file, remedy));
  if (isFailure(earlier)) {
    const wrong = message('audit-file-wrong', { file, problem: earlier.what });
    throw new GuardError(earlier.code, { ...wrong, remedy });
  }
  return earlier;
}
