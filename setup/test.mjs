// npm test [-- [--tier NAME]… [--all] [--node MAJOR] [--only NAME] [PATTERN…]]: prepares what is missing, runs the
// tiers in order, and prints one line of sums at the end. Without root the tiers that need it are skipped; with CI
// set, that is a failure.
import { parseArgs } from 'node:util';
import { supportedMajors } from './node-versions.mjs';
import { isInterrupted } from './test-runner/jest.mjs';
import { add, nothing, summary } from './test-runner/report.cjs';
import { runsOf, runTier } from './test-runner/tier.mjs';
import { tiers } from './tiers.mjs';

function usage(complaint) {
  console.error(`${complaint}
usage: npm test [-- [--tier NAME]… [--all] [--node MAJOR] [--only NAME] [PATTERN…]]
  PATTERN  of paths of test files
  --only   the whole name of one test
  --node   the Node that runs the tests: ${supportedMajors.join(', ')}; else the one of this machine
  --all    every case, where there is a selection otherwise, and each supported Node for the tiers that need that
  --tier   ${Object.keys(tiers).join(', ')}; else all of them`);
  process.exit(64);
}

function readArguments() {
  const option = { type: 'string' };
  const options = {
    tier: { ...option, multiple: true, default: [] },
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

const names = Object.keys(tiers).filter((name) => chosen.length === 0 || chosen.includes(name));
const isWhole = patterns.length === 0 && only === undefined;
const runs = node === undefined ? runsOf(names, all && isWhole) : names.map((tier) => ({ tier, node }));
let total = nothing;
for (const run of runs) if (!isInterrupted()) total = add(total, await runTier(run, { patterns, only, all }));
if (total.passed + total.failed === 0) console.error('\nno test ran');
console.log(summary(total));
if (!isInterrupted()) process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
