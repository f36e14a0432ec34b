import type { Spread } from './statistics';

/** One measured number, and its budget. */
export interface Result {
  readonly what: string;
  readonly unit: 'ms' | 's' | 'MiB' | '×' | '%' | 'per second' | 'directories';
  readonly value: Spread;
  /** A comparison, as text, with another number of the same run. */
  readonly compared?: string;
  /** The value must not be greater than this. */
  readonly budget?: number;
}

export interface Report {
  readonly bench: string;
  readonly machine: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
}

function isMet({ value, budget }: Result): boolean | undefined {
  return budget === undefined ? undefined : value.median <= budget;
}

const columns = ['', 'median', 'middle half', 'runs', 'compared', 'budget', ''] as const;

export function renderReport({ bench, machine, results }: Report): string {
  const rows = results.map((result) => {
    const { what, unit, value, compared = '', budget } = result;
    const met = isMet(result);
    return [
      what,
      `${figure(value.median)} ${unit}`,
      value.runs > 1 ? `${figure(value.low)} … ${figure(value.high)}` : '',
      String(value.runs),
      compared,
      budget === undefined ? '' : `≤ ${budget} ${unit}`,
      met === undefined ? '' : met ? 'met' : 'MISSED',
    ];
  });
  const table = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...table.map((row) => (row[column] ?? '').length)));
  // Text is aligned left, numbers right.
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column >= 1 && column <= 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  const about = Object.entries(machine).map(([name, value]) => `  ${name}: ${value}`);
  return `${bench}\n${about.join('\n')}\n\n${lines.join('\n')}\n`;
}

function figure(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
