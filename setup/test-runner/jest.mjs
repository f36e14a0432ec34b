// The only place that starts jest, for `npm test` and everything that repeats tests.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endSignal, isolatedJest, makeTemporary } from '../isolation/isolated-jest.mjs';
import { root } from '../prepare.mjs';
import { keepResults } from './platforms.mjs';
import { failuresOf, nothing, onlyPattern, sumsOf } from './report.cjs';

export const inCi = !['', 'false', '0'].includes(process.env.CI ?? '');

/** The processes that must end with us: jest ends its workers, and they end what their tests started. */
const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    process.exitCode = 128 + { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 }[signal];
    interrupted = true;
    for (const child of running) child.kill(endSignal);
  });

let interrupted = false;

/** Whether a signal has requested the end: then nothing new is started. */
export const isInterrupted = () => interrupted;

/**
 * Starts jest, isolated from the machine where possible (setup/isolation/). `temporary`: the directory of
 * makeTemporary() in which the run may write; `node`: the program that runs it, the tests, and what they start as
 * `node`.
 * @returns the child process
 */
export function startJest(args, { env, stdio, temporary, node = process.execPath }) {
  const PATH = `${dirname(node)}:${process.env.PATH}`;
  const isolated = isolatedJest(args, temporary, { env: { ...process.env, PATH, ...env }, node });
  const child = spawn(isolated.file, isolated.args, { cwd: root, env: isolated.env, stdio });
  running.add(child);
  child.on('close', () => running.delete(child));
  return child;
}

/**
 * Runs the test files of one tier. `patterns` select files, and those with a path of `ignored` are left out; `only`
 * selects one test by its whole name; `all`: every case, where there is a selection otherwise; `order`: a seed for a
 * random order of files.
 * @returns `{ sums, failures }`
 */
export async function runTests({
  tier,
  workers,
  patterns = [],
  ignored = [],
  only,
  all = false,
  order,
  node,
}) {
  const temporary = makeTemporary();
  try {
    const outputFile = join(temporary.inside, 'result.json');
    const args = ['--selectProjects', tier, '--maxWorkers', String(workers), '--passWithNoTests'];
    args.push(...ignored.map((path) => `--testPathIgnorePatterns=/test/${path}`));
    if (only !== undefined) args.push('--testNamePattern', onlyPattern(only));
    const env = {
      ...(order !== undefined && { MIGRATE_GUARD_ORDER: String(order) }),
      ...(all && { MIGRATE_GUARD_ALL_CASES: '1' }),
    };
    // jest itself reports on stderr; its stdout only names the JSON file.
    const stdio = ['ignore', 'ignore', 'inherit'];
    const child = startJest([...args, '--json', '--outputFile', outputFile, ...patterns], {
      env,
      stdio,
      temporary,
      node,
    });
    const [status, error] = await new Promise((resolve) => {
      child.on('error', (reason) => resolve([null, reason]));
      child.on('close', (code, signal) => resolve([code, signal]));
    });
    const result = outcome(join(temporary.outside, 'result.json'), status, error);
    // A single test knows only its own cells; and CI tests the files that are committed.
    if (only === undefined && !interrupted && !inCi) keepResults(temporary.outside, result);
    return result;
  } finally {
    temporary.remove();
  }
}

function outcome(outputFile, status, reason) {
  let result;
  try {
    result = JSON.parse(readFileSync(outputFile, 'utf8'));
  } catch {
    console.error(`jest ended (${reason ?? `exit status ${status}`}) and left no result`);
    return { sums: { ...nothing, failed: 1 }, failures: [] };
  }
  return { sums: sumsOf(result, status), failures: failuresOf(result, root) };
}
