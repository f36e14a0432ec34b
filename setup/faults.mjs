// npm run test:faults -- [--points N] [--seed S] [--report FILE]: a fault at each system call of each workflow, or at
// N of them; --report writes the table in FILE (docs/reliability.md) from the results.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeTemporary } from './isolation/isolated-jest.mjs';
import { prepareNode, preparePackages } from './prepare.mjs';
import { startJest } from './test-runner/jest.mjs';
import { tiers } from './tiers.mjs';

const [begin, end] = ['<!-- made by npm run test:faults -->', '<!-- end of what was made -->'];
const all = 1_000_000;

function usage(complaint) {
  console.error(`${complaint}\nusage: npm run test:faults -- [--points N] [--seed S] [--report FILE]`);
  process.exit(64);
}

function readArguments() {
  const option = { type: 'string' };
  try {
    return parseArgs({ options: { points: option, seed: option, report: option } }).values;
  } catch (error) {
    return usage(error.message);
  }
}

function wholeNumber(name, given, otherwise) {
  const number = Number(given ?? otherwise);
  return Number.isSafeInteger(number) && number > 0 ? number : usage(`--${name} takes a whole number from 1`);
}

/**
 * Runs the tests.
 * @returns their results, one row for each workflow and fault
 */
async function run(points, seed) {
  const temporary = makeTemporary();
  try {
    const file = join(temporary.outside, 'rows');
    writeFileSync(file, '');
    const env = {
      MIGRATE_GUARD_FAULTS: String(points),
      MIGRATE_GUARD_SEED: String(seed),
      MIGRATE_GUARD_FAULTS_REPORT: join(temporary.inside, 'rows'),
    };
    const which = [
      '--selectProjects',
      'namespace',
      '--testPathPatterns',
      'namespace/faults',
      '--maxWorkers',
      '2',
    ];
    const child = startJest(which, { env, temporary, stdio: [0, 2, 2] });
    const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    const rows = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return { passed: status === 0, rows: rows.map((row) => JSON.parse(row)) };
  } finally {
    temporary.remove();
  }
}

const columns = ['workflow', 'fault', 'calls that met it', 'seen afterwards'];

function render(rows) {
  const cells = rows.map(({ workflow, fault, points, seen }) => {
    const counts = Object.entries(seen).filter(([, count]) => count > 0);
    const met = counts.reduce((sum, [, count]) => sum + count, 0);
    return [
      workflow,
      fault,
      `${met} of ${points}`,
      counts.map(([what, count]) => `${count} ${what}`).join(', '),
    ];
  });
  cells.sort(([one], [other]) => one.localeCompare(other, 'en'));
  const widths = columns.map((_, column) =>
    Math.max(...[columns, ...cells].map((row) => row[column].length)),
  );
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |\n`;
  return [columns, widths.map((width) => '-'.repeat(width)), ...cells].map(line).join('');
}

function write(file, text) {
  const [before, rest] = readFileSync(file, 'utf8').split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${file} has no place for the table (${begin} … ${end})`);
  writeFileSync(file, `${before}${begin}\n\n${text}\n${end}${after}`);
}

const given = readArguments();
const points = wholeNumber('points', given.points, all);
const seed = wholeNumber('seed', given.seed, 1);
if (process.getuid() !== 0) usage('this test takes root');
prepareNode();
preparePackages(tiers.namespace.packages);
const { passed, rows } = await run(points, seed);
const text = render(rows);
console.log(text);
if (passed && given.report !== undefined) write(given.report, text);
process.exitCode = passed ? 0 : 1;
