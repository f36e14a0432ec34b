import { join } from 'node:path';
import type { Host } from '../../test/lab/harness';

interface Timed {
  readonly argv: readonly string[];
  /** Any other status makes the whole measurement fail. Default: 0. */
  readonly exit?: number;
}

/**
 * Runs commands on the host in turns, so that other work on the machine affects all of them alike.
 * @param uncounted rounds before the counted ones, to fill the caches
 * @returns for each command the wall times of all rounds, in milliseconds
 */
export async function inTurns(
  host: Host,
  rounds: number,
  commands: readonly Timed[],
  uncounted = 1,
): Promise<number[][]> {
  const input = commands.map(({ argv, exit = 0 }) => [exit, ...argv].join('\t')).join('\n');
  const stopwatch = ['perl', join(__dirname, 'stopwatch.pl'), String(rounds), String(uncounted)] as const;
  const { stdout } = await host.succeed(stopwatch, { input, deadline: 30 * 60_000 });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  return commands.map((_, column) => lines.map((line) => line[column] ?? NaN));
}
