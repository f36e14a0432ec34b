import { verdicts } from '../core/finding';
import {
  ageOf,
  countVerdicts,
  describeAffected,
  describeAge,
  type FleetDomain,
  type FleetReport,
} from './model/fleet';
import type { Change } from './model/diff';
import { describeGuardsNotRun } from '../opennebula/model/guards-not-run';
import { describeEntry, isWorthReporting } from '../opennebula/model/record';
import { nextCommands } from './next-commands';
import { printable } from '../cli/escape';
import { titleOf } from '../cli/render-report';

const sources = {
  monitoring: "as reported by OpenNebula's collectors",
  hosts: 'as reported by the hosts',
  here: 'as seen on this host',
} as const;

/**
 * Renders an audit as text: totals, what is unknown, a line for each VM that is not safe, and the commands to run
 * next.
 */
export function renderAudit(report: FleetReport, shown: readonly FleetDomain[], now: Date): string {
  const { hosts, domains, doubts, source } = report;
  const lines = [`${domains.length} VMs on ${hosts.length} hosts, ${sources[source]}: ${totals(domains)}`];
  for (const vm of domains) {
    if (vm.mismatch === undefined) continue;
    const remedy = vm.findings[0]?.remedy;
    lines.push(`${titleOf(vm)}: ${vm.reason}`, ...(remedy === undefined ? [] : [`  -> ${remedy}`]));
  }
  const ages = domains.flatMap((domain) => ageOf(domain, now) ?? []);
  if (source === 'monitoring' && ages.length > 0)
    lines.push(`the oldest finding is ${describeAge(Math.max(...ages))} old`);
  lines.push(...doubts.map((doubt) => `not known: ${doubt}`));
  for (const { trouble } of hosts) if (trouble) lines.push(trouble.what, `  -> ${trouble.remedy}`);
  for (const one of report.guardsNotRun ?? []) {
    const { what, remedy } = describeGuardsNotRun(one);
    lines.push(what, `  -> ${remedy}`);
  }
  if (shown.length > 0) lines.push('', ...table(shown, now));
  const done = doneLast(shown, now);
  if (done.length > 0) lines.push('', 'done last:', ...done);
  const next = nextCommands(report).map(({ host: at, line }) =>
    at === undefined ? line : `on ${at}: ${line}`,
  );
  if (next.length > 0) lines.push('', 'next:', ...next.map((line) => `  ${line}`));
  return `${lines.map(printable).join('\n')}\n`;
}

/** `1 blocked, 2 undecided, 27 safe; 1 stuck`. */
function totals(domains: readonly FleetDomain[]): string {
  const counts = countVerdicts(domains);
  const parts = verdicts
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => `${counts[verdict]} ${verdict}`);
  const states = (['half-inactive', 'stuck', 'not-resumed'] as const).flatMap((state) => {
    const count = domains.filter(({ blockState }) => blockState === state).length;
    return count > 0 ? [`${count} ${state}`] : [];
  });
  const affected = describeAffected(domains);
  return [
    parts.join(', ') || 'no VM was found',
    ...(states.length > 0 ? [states.join(', ')] : []),
    ...(affected === '' ? [] : [affected]),
  ].join('; ');
}

function table(domains: readonly FleetDomain[], now: Date): string[] {
  const rows = domains.map((domain) => {
    const age = ageOf(domain, now);
    const { verdict, blockState, host, reason } = domain;
    const seen = age === null ? 'never' : describeAge(age);
    return [verdict, blockState, host, seen, titleOf(domain), reason];
  });
  const all = [['VERDICT', 'BLOCK STATE', 'HOST', 'AGE', 'VM', 'REASON'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...all.map((row) => printable(row[column] ?? '').length)),
  );
  return all.map((row) =>
    row
      .map((cell, column) => printable(cell).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The records of the listed VMs, except those that only say that a healthy VM was moved. */
function doneLast(domains: readonly FleetDomain[], now: Date): string[] {
  return domains.flatMap(({ domain, last }) => {
    if (!last || !isWorthReporting(last)) return [];
    const age = describeAge(ageOf({ seen: last.time }, now) ?? 0);
    return [`  ${domain}, ${age} ago: ${describeEntry(last)}`];
  });
}

/** The changes since an earlier audit, one line each. */
export function renderChanges(changes: readonly Change[], since: string): string {
  if (changes.length === 0) return `no change was found since ${printable(since)}\n`;
  const lines = changes.map(({ kind, before, now, reason, ...vm }) => {
    const describe = (one: Change['now']): string =>
      one
        ? `${one.verdict}${one.blockState === 'healthy' ? '' : ` (${one.blockState})`} on ${one.host}`
        : 'absent';
    return `  ${kind.padEnd(7)} ${titleOf(vm)}: ${describe(before)} -> ${describe(now)}${reason === '' ? '' : `: ${reason}`}`;
  });
  return `${[`changed since ${since}:`, ...lines].map(printable).join('\n')}\n`;
}
