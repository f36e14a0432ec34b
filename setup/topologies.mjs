// npm run test:topologies -- --runs N [--seed S] [--jobs J]: the property of test/namespace/topologies.test.ts, so many
// times. In batches, each a process of its own: memory stays what one batch takes, whatever N is, and what fails can
// be run again alone, by the seed that is printed with it.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareNode, preparePackages, root } from './prepare.mjs';
import { tiers } from './tiers.mjs';

const batchSize = 2500;
const largestSeed = 2 ** 31;

function usage(complaint) {
  console.error(`${complaint}\nusage: npm run test:topologies -- --runs N [--seed S] [--jobs J]`);
  process.exit(64);
}

function readArguments() {
  try {
    const option = { type: 'string' };
    const { values } = parseArgs({ options: { runs: option, seed: option, jobs: option } });
    return values;
  } catch (error) {
    return usage(error.message);
  }
}

function wholeNumber(name, given, least, otherwise) {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isSafeInteger(number) || number < least) usage(`--${name} takes a whole number from ${least}`);
  return number;
}

/** One batch; gives how many topologies had which verdict, or nothing when it failed. */
function runBatch(runs, seed) {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const which = ['--selectProjects', 'namespace', '--testPathPatterns', 'namespace/topologies'];
  const env = { ...process.env, MIGRATE_GUARD_TOPOLOGIES: String(runs), MIGRATE_GUARD_SEED: String(seed) };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [jest, ...which], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('close', (status) => {
      const counts = /^topologies: (\d+ [a-z]+(?:, \d+ [a-z]+)*)$/m.exec(output)?.[1];
      if (status === 0 && counts)
        resolve(new Map(counts.split(', ').map((count) => count.split(' ').reverse())));
      else {
        console.error(`\n${output}\nto run this batch again: --runs ${runs} --seed ${seed}`);
        resolve(undefined);
      }
    });
  });
}

const given = readArguments();
const runs = wholeNumber('runs', given.runs, 1, 2000);
const seed = wholeNumber('seed', given.seed, 0, Date.now() % largestSeed);
const jobs = wholeNumber('jobs', given.jobs, 1, availableParallelism());
if (process.getuid() !== 0) usage('mount namespaces take root');
prepareNode();
preparePackages(tiers.namespace.packages);

console.error(`${runs} topologies from seed ${seed}, ${jobs} at a time`);
const started = Date.now();
const verdicts = new Map();
let [begun, done, failed] = [0, 0, 0];

async function work() {
  while (begun < runs && failed === 0) {
    const [number, size] = [begun / batchSize, Math.min(batchSize, runs - begun)];
    begun += size;
    const counts = await runBatch(size, (seed + number) % largestSeed);
    if (!counts) {
      failed += 1;
      return;
    }
    done += size;
    for (const [verdict, count] of counts)
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + Number(count));
    const seconds = (Date.now() - started) / 1000;
    console.error(`${done}/${runs}, ${Math.round(seconds)} s, ${Math.round(done / seconds)} a second`);
  }
}

await Promise.all(Array.from({ length: jobs }, work));
const told = [...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
console.log(
  failed === 0
    ? `${done} topologies without a difference (seed ${seed}): ${told}`
    : `a difference was found, after ${done} topologies without one (seed ${seed}): ${told}`,
);
process.exitCode = failed === 0 ? 0 : 1;
