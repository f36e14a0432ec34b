// npm run test:steady -- --times N --tier NAME… [--seed S] [--load N] [PATTERN…]: repeats a tier, its files in a
// random order, under load. Each failure is reported with its seed, which repeats order and load; the sums come at
// the end.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './prepare.mjs';
import { isInterrupted } from './test-runner/jest.mjs';
import { add, nothing, quote, summary } from './test-runner/report.cjs';
import { releaseRuns } from './test-runner/releases.cjs';
import { runTier } from './test-runner/tier.mjs';
import { tiers } from './tiers.mjs';

const largestSeed = 2 ** 31;

function usage(complaint) {
  console.error(`${complaint}
usage: npm run test:steady -- --times N --tier NAME… [--seed S] [--load N] [PATTERN…]
  PATTERN  of paths of test files
  --load   processes beside the tests that each keep one processor busy, in bursts; 1 if it is not given
  --seed   of the first run, each further one has the next; the time of day if it is not given
  --tier   ${Object.keys(tiers).join(', ')}`);
  process.exit(64);
}

function readArguments() {
  const option = { type: 'string' };
  const tier = { ...option, multiple: true, default: [] };
  try {
    const options = { times: option, tier, seed: option, load: option };
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
}

function wholeNumber(name, given, least, otherwise) {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isSafeInteger(number) || number < least) usage(`--${name} takes a whole number from ${least}`);
  return number;
}

const { values, positionals: patterns } = readArguments();
const names = values.tier.flatMap((list) => list.split(','));
const times = wholeNumber('times', values.times, 1);
const load = wholeNumber('load', values.load, 0, 1);
const firstSeed = wholeNumber('seed', values.seed, 0, Date.now() % largestSeed);
if (names.length === 0) usage('--tier is missing');
const unknown = names.find((name) => !Object.hasOwn(tiers, name));
if (unknown !== undefined) usage(`no such tier: ${unknown}`);

/** Runs `work` under the load. */
async function underLoad(seed, work) {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-guard-load-'));
  const directories = Array.from({ length: load }, (_, index) => mkdtempSync(join(folder, `${index}-`)));
  const program = join(root, 'setup/test-runner/load.mjs');
  const children = directories.map((directory, index) => fork(program, [String(seed + index), directory]));
  try {
    return await work();
  } finally {
    await Promise.all(children.map(end));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.on('close', resolve));
  child.kill();
  await closed;
}

const commandOf = (tier, seed) =>
  [
    'npm run test:steady -- --times 1',
    '--tier',
    tier,
    '--seed',
    seed,
    '--load',
    load,
    ...patterns.map(quote),
  ].join(' ');

let total = nothing;
let runs = 0;
const failed = [];
for (const tier of names) {
  const [{ files = [], ...what }] =
    tier === 'releases' ? releaseRuns({ tier }, { named: [], whole: false }) : [{ tier }];
  const patternsOfTier = patterns.length > 0 ? patterns : files;
  for (let run = 0; run < times && !isInterrupted(); run += 1) {
    const seed = (firstSeed + run) % largestSeed;
    console.error(`\n${tier}, run ${run + 1} of ${times}, seed ${seed}`);
    const sums = await underLoad(seed, () => runTier(what, { patterns: patternsOfTier, order: seed }));
    total = add(total, sums);
    runs += 1;
    if (sums.failed > 0 || sums.passed === 0) failed.push({ tier, seed, sums });
    console.error(`${tier}, seed ${seed}: ${summary(sums)}`);
  }
}
for (const { tier, seed, sums } of failed)
  console.error(`\nfailed with seed ${seed}: ${summary(sums)}. To repeat it:\n  ${commandOf(tier, seed)}`);
console.log(`${runs - failed.length} of ${runs} runs passed, from seed ${firstSeed}: ${summary(total)}`);
if (!isInterrupted()) process.exitCode = failed.length === 0 ? 0 : 1;
