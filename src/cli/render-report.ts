import type { DomainReport, Finding } from '../core/finding';
import type { Step } from '../core/repair-step';
import { printable } from './escape';

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
    case 'replace-node':
      return `replace block device ${step.path} (${step.device}, was ${step.was}, owner ${owner}, mode ${mode})`;
  }
}

/** A VM's name in one line. */
export function titleOf({ domain, name }: { readonly domain: string; readonly name: string | null }): string {
  return name === null ? domain : `${domain} ${name}`;
}
