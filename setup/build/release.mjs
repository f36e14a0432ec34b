// Determines the release of this tree.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const about = join(root, 'package.json');
export const { version } = JSON.parse(readFileSync(about, 'utf8'));

export const commit = git('rev-parse', '--short=12', 'HEAD') ?? 'unknown commit';

/**
 * Seconds since 1970. Everything that is made from a commit has the commit's time, whenever it is made:
 * reproducible-builds.org.
 */
export const time = Number(
  process.env.SOURCE_DATE_EPOCH ??
    git('log', '-1', '--format=%ct') ??
    Math.floor(statSync(about).mtimeMs / 1000),
);

function git(...argv) {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
    return execFileSync('git', ['-C', root, ...argv], options).trim();
  } catch {
    return undefined;
  }
}
