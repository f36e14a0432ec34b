// What becomes of the results of the tier `releases`: each of its files leaves a result file, which is kept, and
// docs/platforms.md is made from all of them.
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformsPage, results } from '../build/platforms-page.cjs';
import { root } from '../prepare.mjs';
import { keptResults } from './releases.cjs';

/** Takes the result files out of the temporary directory of a run. `outcome`: of `runTests`. */
export function keepResults(temporary, outcome) {
  const from = join(temporary, 'platforms');
  if (!existsSync(from)) return;
  const kept = keptResults(readdirSync(from), outcome);
  if (kept.length === 0) return;
  mkdirSync(results, { recursive: true });
  for (const name of kept) copyFileSync(join(from, name), join(results, name));
  writeFileSync(join(root, 'docs/platforms.md'), platformsPage());
}
