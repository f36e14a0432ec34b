// Writes figures of the bench into a document: the table of a program is between the comments `<!-- bench NAME -->`
// and `<!-- end of bench NAME -->`. The text around it is kept; a program without such a place gets one at the end.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** @param reports pairs of a program's name and its report (bench/measure/result.ts) */
export function writeTables(file, reports) {
  let text = existsSync(file) ? readFileSync(file, 'utf8') : '# Performance\n';
  for (const [name, report] of reports) {
    const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`];
    if (!text.includes(begin)) text = `${text.trimEnd()}\n\n## ${name}\n\n${begin}\n${end}\n`;
    const [before, after] = [text.slice(0, text.indexOf(begin)), text.slice(text.indexOf(end))];
    text = `${before}${begin}\n\n${table(report)}\n\n${after}`;
  }
  writeFileSync(file, text);
}

function table({ machine, results }) {
  const head = ['', 'median', 'middle half', 'runs', 'compared', 'budget', ''];
  const rows = results.map(({ what, unit, value, compared = '', budget }) => {
    const met = budget === undefined ? '' : value.median <= budget ? 'met' : '**missed**';
    const half = value.runs > 1 ? `${figure(value.low)} … ${figure(value.high)}` : '';
    const limit = budget === undefined ? '' : `≤ ${budget} ${unit}`;
    return [what, `${figure(value.median)} ${unit}`, half, String(value.runs), compared, limit, met];
  });
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  const about = Object.entries(machine).map(([what, value]) => `${what}: ${value}`);
  return [`Measured on ${about.join('; ')}.`, '', line(head), rule, ...rows.map(line)].join('\n');
}

function figure(value) {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
