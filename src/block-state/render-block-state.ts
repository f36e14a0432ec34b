import type { DomainReport } from '../core/finding';
import type { ResetReport } from './reset-report';
import { printable } from '../cli/escape';

/** One domain's block state for a person: what is wrong with its remedy; with `everything`, also what is right. */
export function renderBlockReport(
  { domain, blockState, findings }: DomainReport,
  everything: boolean,
): string {
  const lines = [`${domain}: ${blockState}`];
  for (const { state, disk, what, remedy, evidence } of findings) {
    if (state === 'ok' && !everything) continue;
    lines.push(`  ${disk === undefined ? '' : `${disk}: `}${what}`);
    if (remedy !== undefined) lines.push(`    -> ${remedy}`);
    if (everything)
      lines.push(...Object.entries(evidence ?? {}).map(([by, reported]) => `    ${by}: ${String(reported)}`));
  }
  return `${lines.map(printable).join('\n')}\n`;
}

export function renderReset({ domain, result, blockState, actions, what, remedy }: ResetReport): string {
  const lines = [`${domain}: ${result} (block state: ${blockState})`];
  for (const { strategy, outcome, what: reason, commands } of actions) {
    lines.push(`  ${strategy}: ${outcome}: ${reason}`);
    if (outcome === 'planned') lines.push(...(commands ?? []).flatMap((command) => command.split('\n')));
  }
  lines.push(`  ${what}`);
  if (remedy !== undefined) lines.push(`    -> ${remedy}`);
  return `${lines.map(printable).join('\n')}\n`;
}
