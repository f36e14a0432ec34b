import type { Finding } from '../core/finding';
import { printable } from './escape';

/** One line per finding, with its remedy below; an `ok` without a note only with `everything`. */
export function renderFindings(findings: readonly Finding[], what: 'everything' | 'problems'): string {
  const shown = findings.filter(({ state, note }) => state !== 'ok' || note || what === 'everything');
  return shown
    .flatMap(({ state, what: text, remedy }) => [
      `${state.padEnd(8)} ${text}`,
      ...(remedy === undefined ? [] : [`         -> ${remedy}`]),
    ])
    .map((line) => `${printable(line)}\n`)
    .join('');
}
