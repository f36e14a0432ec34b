import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../src/os/run-command';
import { bundleForNode, stateDirectory, type Stage } from '../harness';

/**
 * Points a link to two targets in turn, in one process on that host. `rounds`: the least number of them.
 * @returns the result of each round
 */
export async function relinkAgainAndAgain(
  stage: Stage,
  link: string,
  targets: readonly [string, string],
  rounds: number,
): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-races-'));
  const outfile = join(directory, 'relink-loop.cjs');
  const entryPoints = [join(__dirname, 'relink-loop.ts')];
  try {
    await bundleForNode(entryPoints, outfile);
    const enter = ['nsenter', `--mount=/proc/${stage.servant.pid}/ns/mnt`, '--wdns=/', '--'] as const;
    const words = [stateDirectory, '/mnt/journals', link, ...targets, String(rounds)];
    const { exit, stdout, stderr } = await runCommand([...enter, process.execPath, outfile, ...words], {
      deadline: rounds * 1000 + 600_000,
    });
    if (exit !== 0) throw new Error(`relink ended with ${exit ?? 'a signal'}: ${stderr}`);
    return stdout.split('\n').filter(Boolean);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
