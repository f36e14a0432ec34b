// npm test [-- [--tier NAME]… [PATTERN…]]: prepares what is missing, runs the tiers in order, ends with one line of sums.
// Without root the tiers that need it are skipped; with CI set, that is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  prepareAffectedQemu,
  prepareBuild,
  prepareNode,
  preparePackages,
  prepareTree,
  root,
} from './prepare.mjs';
import { tiers } from './tiers.mjs';

const inCi = !['', 'false', '0'].includes(process.env.CI ?? '');
const outcomes = new Map();

/** Runs a preparation once; what failed for one tier fails for the next ones, too. */
function once(name, prepare) {
  if (!outcomes.has(name)) {
    outcomes.set(name, undefined);
    try {
      prepare();
    } catch (error) {
      outcomes.set(name, error);
    }
  }
  const error = outcomes.get(name);
  if (error !== undefined) throw error;
}

function prepare({ packages, trees = [], build, affected }) {
  once('node', prepareNode);
  once(packages.join(), () => preparePackages(packages));
  for (const release of trees) once(`tree ${release}`, () => prepareTree(release));
  if (build) once('build', prepareBuild);
  if (affected) once('affected', prepareAffectedQemu);
}

function testFiles(tier) {
  try {
    return readdirSync(join(root, 'test', tier), { recursive: true }).filter((file) =>
      file.endsWith('.test.ts'),
    );
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

function runJest(tier, patterns) {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-guard-test-'));
  try {
    const outputFile = join(folder, 'result.json');
    const options = [
      '--selectProjects',
      tier,
      '--maxWorkers',
      String(tiers[tier].workers),
      '--passWithNoTests',
    ];
    const report = ['--json', '--outputFile', outputFile];
    const jest = join(root, 'node_modules/jest/bin/jest.js');
    // jest itself reports on stderr; its stdout only tells where the JSON is.
    const { status } = spawnSync(process.execPath, [jest, ...options, ...report, ...patterns], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return sums(outputFile, status);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sums(outputFile, status) {
  let result;
  try {
    result = JSON.parse(readFileSync(outputFile, 'utf8'));
  } catch {
    console.error(`jest ended with exit status ${status} and left no result`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A file that could not be loaded holds tests that did not run.
  const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
  return {
    passed: result.numPassedTests,
    // A failing hook after the last test fails the run without failing a test.
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

function runTier(tier, patterns) {
  const files = testFiles(tier);
  if (files.length === 0) {
    console.error(`\n${tier}: there are no tests yet`);
    return { passed: 0, failed: 0, skipped: 0 };
  }
  if (tiers[tier].root && process.getuid() !== 0) {
    console.error(`\n${tier}: skipped, it needs root (${files.length} test files, each counted as one test)`);
    return inCi
      ? { passed: 0, failed: files.length, skipped: 0 }
      : { passed: 0, failed: 0, skipped: files.length };
  }
  console.error(`\n${tier}:`);
  try {
    prepare(tiers[tier]);
  } catch (error) {
    console.error(`${tier}: cannot run: ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  return runJest(tier, patterns);
}

function usage(complaint) {
  console.error(
    `${complaint}\nusage: npm test [-- [--tier NAME]… [PATTERN…]]   tiers: ${Object.keys(tiers).join(' ')}`,
  );
  process.exit(64);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { tier: { type: 'string', multiple: true, default: [] } },
      allowPositionals: true,
    });
    return { chosen: values.tier.flatMap((names) => names.split(',')), patterns: positionals };
  } catch (error) {
    return usage(error.message);
  }
}

const { chosen, patterns } = readArguments();
const unknown = chosen.find((name) => !Object.hasOwn(tiers, name));
if (unknown !== undefined) usage(`no such tier: ${unknown}`);

const total = { passed: 0, failed: 0, skipped: 0 };
for (const tier of Object.keys(tiers)) {
  if (chosen.length > 0 && !chosen.includes(tier)) continue;
  const result = runTier(tier, patterns);
  for (const key of Object.keys(total)) total[key] += result[key];
}
if (total.passed + total.failed === 0) console.error('\nno test ran');
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
