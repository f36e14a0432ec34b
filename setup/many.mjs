// npm run test:topologies|test:fuzz|test:races|test:guards -- --runs N [--seed S] [--jobs J]: repeats a test with
// random input N times. It runs in batches, each in a separate process: memory does not grow with N, and the seed
// that is printed with a failure repeats that failure alone.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { makeTemporary } from './isolation/isolated-jest.mjs';
import { prepareBuild, prepareNode, preparePackages } from './prepare.mjs';
import { isInterrupted, startJest } from './test-runner/jest.mjs';
import { tiers } from './tiers.mjs';

// `variable` gives the test the number of runs; `batch`: the number of runs in one process; `unit`: what is counted.
const tests = {
  topologies: {
    tier: 'namespace',
    files: 'namespace/disk-paths/topologies',
    variable: 'MIGRATE_GUARD_TOPOLOGIES',
    batch: 2500,
    unit: 'topologies',
  },
  fuzz: {
    tier: 'unit',
    files: 'unit/fuzz',
    variable: 'MIGRATE_GUARD_FUZZ',
    batch: 5000,
    unit: 'hostile inputs for each parser',
  },
  races: {
    tier: 'namespace',
    files: 'namespace/races',
    variable: 'MIGRATE_GUARD_RACES',
    batch: 2500,
    unit: 'rounds of each race',
  },
  // All tests run at the same time.
  guards: {
    tier: 'qemu',
    files: 'qemu/move/concurrent-guards',
    variable: 'MIGRATE_GUARD_GUARDS',
    batch: 1000,
    unit: 'guards at once',
  },
};
const largestSeed = 2 ** 31;

function usage(complaint) {
  const names = Object.keys(tests)
    .map((name) => `test:${name}`)
    .join('|');
  console.error(`${complaint}\nusage: npm run ${names} -- --runs N [--seed S] [--jobs J]`);
  process.exit(64);
}

function readArguments() {
  try {
    const option = { type: 'string' };
    const options = { runs: option, seed: option, jobs: option };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { given: values, test: tests[positionals[0] ?? ''] };
  } catch (error) {
    return usage(error.message);
  }
}

function wholeNumber(name, given, least, otherwise) {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isSafeInteger(number) || number < least) usage(`--${name} takes a whole number from ${least}`);
  return number;
}

/**
 * Runs one batch.
 * @returns what it counted; undefined if it failed
 */
function runBatch(runs, seed) {
  const which = ['--selectProjects', test.tier, '--testPathPatterns', test.files, '--runInBand'];
  const env = { [test.variable]: String(runs), MIGRATE_GUARD_SEED: String(seed) };
  const temporary = makeTemporary();
  return new Promise((resolve) => {
    const child = startJest(which, { env, temporary, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (status) => {
      temporary.remove();
      if (status === 0) resolve(countsIn(output));
      else {
        console.error(`\n${output}\nto run this batch again: --runs ${runs} --seed ${seed}`);
        resolve(undefined);
      }
    });
  });
}

/** Parses what a test prints about its cases: `counted: 7 safe, 3 blocked`. */
function countsIn(output) {
  const counts = [...output.matchAll(/^counted: (.*)$/gm)].flatMap(([, list]) => list.split(', '));
  return counts.map((count) => /^(\d+) (.*)$/.exec(count)).map(([, number, what]) => [what, Number(number)]);
}

const { given, test } = readArguments();
if (!test) usage('which test?');
const runs = wholeNumber('runs', given.runs, 1, 2000);
const seed = wholeNumber('seed', given.seed, 0, Date.now() % largestSeed);
const jobs = wholeNumber('jobs', given.jobs, 1, availableParallelism());
if (tiers[test.tier].root && process.getuid() !== 0) usage('this test takes root');
prepareNode();
preparePackages(tiers[test.tier].packages);
if (tiers[test.tier].build) prepareBuild();

console.error(`${runs} ${test.unit} from seed ${seed}, ${jobs} at a time`);
const started = Date.now();
const counted = new Map();
let [begun, done, failed] = [0, 0, 0];

async function work() {
  while (begun < runs && failed === 0 && !isInterrupted()) {
    const [number, size] = [begun / test.batch, Math.min(test.batch, runs - begun)];
    begun += size;
    const counts = await runBatch(size, (seed + number) % largestSeed);
    if (!counts) {
      failed += 1;
      return;
    }
    done += size;
    for (const [what, count] of counts) counted.set(what, (counted.get(what) ?? 0) + count);
    const seconds = (Date.now() - started) / 1000;
    console.error(`${done}/${runs}, ${Math.round(seconds)} s, ${Math.round(done / seconds)} a second`);
  }
}

await Promise.all(Array.from({ length: jobs }, work));
const told = [...counted].map(([what, count]) => `${count} ${what}`).join(', ');
const sum = `${done} ${test.unit} from seed ${seed}${told === '' ? '' : `: ${told}`}`;
console.log(failed === 0 ? `passed: ${sum}` : `failed, after ${sum}`);
process.exitCode = failed === 0 ? 0 : 1;
