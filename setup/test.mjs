// npm test [-- [--tier NAME]… [--release NAME]… [--all] [--node MAJOR] [--only NAME] [PATTERN…]]: prepares what is
// missing, runs the tiers in order, and prints one line of sums at the end. Without root the tiers that need it are
// skipped; with CI set, that is a failure.
import { parseArgs } from 'node:util';
import { supportedMajors } from './node-versions.mjs';
import { isInterrupted } from './test-runner/jest.mjs';
import { add, exitStatusOf, nothing, summary } from './test-runner/report.cjs';
import { namedReleases, releaseRuns, releases } from './test-runner/releases.cjs';
import { runsOf, runTier } from './test-runner/tier.mjs';
import { tiers } from './tiers.mjs';

function usage(complaint) {
  console.error(`${complaint}
usage: npm test [-- [--tier NAME]… [--release NAME]… [--all] [--node MAJOR] [--only NAME] [PATTERN…]]
  PATTERN  of paths of test files
  --only   the whole name of one test
  --node   the Node that runs the tests: ${supportedMajors.join(', ')}; else the one of this machine
  --all    every case of the tier releases, and each supported Node for the tiers that need that; every reset
           has a command of its own: npm run test:resets
  --release of Debian, for the tier releases: ${releases.join(', ')}
  --tier   ${Object.keys(tiers).join(', ')}; else all of them`);
  process.exit(64);
}

function readArguments() {
  const option = { type: 'string' };
  const options = {
    tier: { ...option, multiple: true, default: [] },
    release: { ...option, multiple: true, default: [] },
    node: option,
    only: option,
    all: { type: 'boolean' },
  };
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
}

const { values, positionals: patterns } = readArguments();
const { node, only, all } = values;
const chosen = values.tier.flatMap((names) => names.split(','));
const unknown = chosen.find((name) => !Object.hasOwn(tiers, name));
if (unknown !== undefined) usage(`no such tier: ${unknown}`);
if (node !== undefined && !supportedMajors.includes(node)) usage(`not a supported Node: ${node}`);

const noRelease = values.release.find((name) => !releases.includes(name));
if (noRelease !== undefined) usage(`no such release: ${noRelease}`);
if (values.release.length > 0 && chosen.length === 0) chosen.push('releases');

const names = Object.keys(tiers).filter((name) => chosen.length === 0 || chosen.includes(name));
const isWhole = patterns.length === 0 && only === undefined;
const plain = node === undefined ? runsOf(names, all && isWhole) : names.map((tier) => ({ tier, node }));
const runs = plain.flatMap((run) =>
  run.tier === 'releases'
    ? releaseRuns(run, { named: namedReleases(values.release, patterns), whole: all || chosen.length > 0 })
    : run,
);
let total = nothing;
for (const { files = [], gates = true, whole = all, ...run } of runs) {
  if (isInterrupted()) break;
  const sums = await runTier(run, { patterns: patterns.length > 0 ? patterns : files, only, all: whole });
  if (gates) total = add(total, sums);
  else console.error(`${summary(sums)}: not counted, because this release changes every day`);
}
const hasGate = runs.some(({ gates = true }) => gates);
if (total.passed + total.failed === 0 && hasGate) console.error('\nno test ran');
console.log(summary(total));
if (!isInterrupted()) process.exitCode = exitStatusOf(total, hasGate);
