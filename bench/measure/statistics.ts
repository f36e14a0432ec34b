/** The middle of many measurements, and between which values the middle half of them lies. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly runs: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    runs: values.length,
  };
}

/** One value by another, round by round: what slows a whole round down falls out. */
export function ratios(values: readonly number[], baseline: readonly number[]): number[] {
  return values.map((value, round) => value / (baseline[round] ?? NaN));
}

/** How much more one value is than another, round by round. */
export function differences(values: readonly number[], baseline: readonly number[]): number[] {
  return values.map((value, round) => value - (baseline[round] ?? NaN));
}

/** Growth between two series, round by round, for each of the steps that lie between them. */
export function growth(small: readonly number[], large: readonly number[], steps: number): number[] {
  return differences(large, small).map((difference) => difference / steps);
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const position = (sorted.length - 1) * fraction;
  const [below, above] = [sorted[Math.floor(position)] ?? NaN, sorted[Math.ceil(position)] ?? NaN];
  return below + (above - below) * (position - Math.floor(position));
}
