import type { DomainReport, Finding } from '../core/finding';
import type { Step } from '../core/repair-step';

/** One domain's report as text: the verdict, each problem with its remedy, the plan, the notes. */
export function renderReport(report: DomainReport): string {
  const lines = [`${printable(report.domain)}: ${report.verdict}`];
  for (const finding of report.findings.filter(({ state }) => state !== 'ok')) {
    lines.push(`  ${subject(finding)}${finding.what}`);
    if (finding.remedy !== undefined) lines.push(`    -> ${finding.remedy}`);
  }
  if (report.plan.length > 0)
    lines.push('  a repair would do:', ...report.plan.map((step) => `    ${renderStep(step)}`));
  const noted = report.findings.filter((finding) => finding.note);
  lines.push(...noted.map((finding) => `  note: ${subject(finding)}${finding.what}`));
  return `${lines.map(printable).join('\n')}\n`;
}

function subject({ check, disk, path }: Finding): string {
  return disk === undefined ? `${check}: ` : `${disk}${path === undefined ? '' : ` ${path}`}: `;
}

export function renderStep(step: Step): string {
  const owner = `${step.uid}:${step.gid}`;
  const mode = step.mode.toString(8).padStart(4, '0');
  switch (step.step) {
    case 'make-directory':
      return `make directory ${step.path} (owner ${owner}, mode ${mode})`;
    case 'make-symlink':
      return `make link ${step.path} -> ${step.target} (owner ${owner})`;
    case 'replace-symlink':
      return `replace link ${step.path} -> ${step.target} (was ${step.was}, owner ${owner})`;
    case 'make-node':
      return `make block device ${step.path} (${step.device}, owner ${owner}, mode ${mode})`;
  }
}

/** A VM's name in one line. */
export function titleOf({ domain, name }: { readonly domain: string; readonly name: string | null }): string {
  return name === null ? domain : `${domain} ${name}`;
}

/** Control characters are escaped: names come from files that a VM's owner may choose, and a terminal would obey them. */
export function printable(text: string): string {
  return text.replace(
    // As \p{Cc}, which is slower.
    // eslint-disable-next-line no-control-regex
    /[\0-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The same, with its line feeds. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
