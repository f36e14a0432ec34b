import { readFileSync } from 'node:fs';
import { exitCodes, worstFirst, type ExitCode } from '../core/exit-codes';
import { verdicts, type DomainReport, type Verdict } from '../core/finding';
import { printableJson } from '../core/printable-json';
import { print } from './stdout';
import { renderReport } from './render-report';
import type { CommandLine } from './command';

/** Prints each report as it arrives, or all of them as one JSON document. @returns the status of the worst */
export async function printReports(reports: AsyncIterable<DomainReport>, line: CommandLine): Promise<number> {
  return exitOf(await printEach(reports, line, renderReport, ({ verdict }) => verdict));
}

/** Domains were printed as JSON, without the end of the document. */
let isDocumentOpen = false;

/**
 * Prints each report, and keeps only the result of `keep`: the reports of a thousand domains are tens of megabytes. With
 * JSON nothing is printed before the first report, so that stdout stays empty after an error of usage.
 */
export async function printEach<T extends object, K>(
  reports: AsyncIterable<T>,
  line: CommandLine,
  render: (report: T) => string,
  keep: (report: T) => K,
  reportNone = reportNoDomain,
): Promise<K[]> {
  const kept: K[] = [];
  const json = line.flag('json');
  for await (const report of reports) {
    print(json ? jsonElement(report, kept.length === 0) : render(report));
    kept.push(keep(report));
    isDocumentOpen = json;
  }
  isDocumentOpen = false;
  if (json) print(kept.length > 0 ? jsonEnd : emptyDocument());
  else if (kept.length === 0) reportNone();
  return kept;
}

function reportNoDomain(): void {
  process.stderr.write('No domain runs on this host.\n');
}

export function printDomains(domains: readonly object[]): void {
  if (domains.length === 0) print(emptyDocument());
  else print(`${domains.map((domain, index) => jsonElement(domain, index === 0)).join('')}${jsonEnd}`);
}

/** One domain of the document that every verb over domains prints; the first has the document's start. */
function jsonElement(domain: object, isFirst: boolean): string {
  const before = isFirst ? `{\n  "host": ${JSON.stringify(hostname())},\n  "domains": [\n` : ',\n';
  return `${before}    ${text(domain).replaceAll('\n', '\n    ')}`;
}

const jsonEnd = '\n  ]\n}\n';

function emptyDocument(): string {
  return `${JSON.stringify({ host: hostname(), domains: [] }, null, 2)}\n`;
}

/** Without node:os, which takes time to load. */
function hostname(): string {
  return readFileSync('/proc/sys/kernel/hostname', 'utf8').trim();
}

function text(document: object): string {
  return printableJson(JSON.stringify(document, null, 2));
}

export function printJson(document: object): void {
  print(`${text(document)}\n`);
}

/** Ends a document that was started, which then has the domains so far, and the error. */
export function printJsonError(error: object): void {
  if (!isDocumentOpen) return printJson({ error });
  print(`\n  ],\n  "error": ${text(error).replaceAll('\n', '\n  ')}\n}\n`);
}

export const exitOfVerdict: Readonly<Record<Verdict, ExitCode>> = {
  safe: 'ok',
  repairable: 'problem',
  blocked: 'problem',
  undecided: 'undecided',
};

/** The status of the worst of these results. */
export function statusOf(all: readonly ExitCode[]): number {
  return exitCodes[worstFirst.find((code) => all.includes(code)) ?? 'ok'].status;
}

/** The status of the worst verdict; without a domain it is that of `safe`. */
export function exitOf(all: readonly Verdict[]): number {
  const worst = verdicts.find((verdict) => all.includes(verdict)) ?? 'safe';
  return exitCodes[exitOfVerdict[worst]].status;
}
