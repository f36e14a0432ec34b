import { hostname } from 'node:os';
import { exitCodes } from '../core/exit-codes';
import { verdicts, type DomainReport, type Verdict } from '../core/finding';
import { renderReport } from './render';
import type { CommandLine } from './verb';

/** Prints each report as it comes, or all of them as one JSON document; gives the status of the worst. */
export async function printReports(reports: AsyncIterable<DomainReport>, line: CommandLine): Promise<number> {
  const all = await printEach(reports, line, renderReport);
  return exitOf(all.map(({ verdict }) => verdict));
}

export async function printEach<T extends DomainReport>(
  reports: AsyncIterable<T>,
  line: CommandLine,
  render: (report: T) => string,
): Promise<T[]> {
  const all: T[] = [];
  for await (const report of reports) {
    all.push(report);
    if (!line.flag('json')) process.stdout.write(render(report));
  }
  if (line.flag('json')) printDomains(all);
  else if (all.length === 0) process.stderr.write('No domain runs on this host.\n');
  return all;
}

export function printDomains(domains: readonly object[]): void {
  printJson({ host: hostname(), domains });
}

export function printJson(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

const exitOfVerdict: Readonly<Record<Verdict, keyof typeof exitCodes>> = {
  safe: 'ok',
  repairable: 'problem',
  blocked: 'problem',
  undecided: 'undecided',
};

/** The status of the worst verdict; nothing to judge is no problem. */
export function exitOf(all: readonly Verdict[]): number {
  const worst = verdicts.find((verdict) => all.includes(verdict)) ?? 'safe';
  return exitCodes[exitOfVerdict[worst]].status;
}
