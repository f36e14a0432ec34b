// Runs one tier: prepares what it needs, runs its tests with one Node, and reports at the end which tests failed.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { otherMajors, packagedMajor, prepareNodeVersion } from '../node-versions.mjs';
import {
  prepareAffectedQemu,
  prepareBuild,
  prepareNode,
  preparePackages,
  prepareTree,
  root,
} from '../prepare.mjs';
import { tiers } from '../tiers.mjs';
import { inCi, runTests } from './jest.mjs';
import { treesOf } from './releases.cjs';
import { failureLines, nothing } from './report.cjs';

const outcomes = new Map();

/** Runs a preparation once; if it failed for one tier, it fails for the next ones, too. */
function once(name, prepare) {
  if (!outcomes.has(name)) {
    try {
      outcomes.set(name, { value: prepare() });
    } catch (error) {
      outcomes.set(name, { error });
    }
  }
  const { value, error } = outcomes.get(name);
  if (error !== undefined) throw error;
  return value;
}

/**
 * `major`: of the Node that runs the tests, undefined for the one that runs this.
 * @returns that Node's program
 */
function prepare({ packages, trees = [], build, affected, inside = [] }, major, releases) {
  once('node', prepareNode);
  once(packages.join(), () => preparePackages(packages));
  for (const release of [...trees, ...treesOf(releases)]) once(`tree ${release}`, () => prepareTree(release));
  if (build) once('build', prepareBuild);
  if (affected) once('affected', prepareAffectedQemu);
  for (const processor of inside)
    once(`packaged ${processor}`, () => prepareNodeVersion(packagedMajor, processor));
  return major === undefined ? process.execPath : once(`node ${major}`, () => prepareNodeVersion(major));
}

/**
 * Each tier with the Nodes that run it; `undefined` is the one that runs this. `all`: with each Node that it must
 * pass.
 */
export function runsOf(names, all) {
  const nodes = (tier) => [undefined, ...(all && tiers[tier].everyNode ? otherMajors : [])];
  return names.flatMap((tier) => nodes(tier).map((node) => ({ tier, node })));
}

function testFiles(tier) {
  try {
    const files = readdirSync(join(root, 'test', tier), { recursive: true });
    return files.filter((file) => file.endsWith('.test.ts'));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * `releases`: those of the tier with that name (releases.cjs). `options`: see `runTests`.
 * @returns the sums
 */
export async function runTier({ tier, node: major, releases = [] }, options) {
  const label = major === undefined ? tier : `${tier} with Node ${major}`;
  const files = testFiles(tier);
  if (files.length === 0) {
    console.error(`\n${label}: there are no tests yet`);
    return nothing;
  }
  if (tiers[tier].root && process.getuid() !== 0) {
    console.error(
      `\n${label}: skipped, it needs root (${files.length} test files, each counted as one test)`,
    );
    return { ...nothing, [inCi ? 'failed' : 'skipped']: files.length };
  }
  console.error(`\n${label}:`);
  let node;
  try {
    node = prepare(tiers[tier], major, releases);
  } catch (error) {
    console.error(`${label}: cannot run: ${error.message}`);
    return { ...nothing, failed: 1 };
  }
  const { workers, anyNode = [] } = tiers[tier];
  // Another Node runs them only when they are named.
  const isWhole = options.patterns.length === 0 && options.only === undefined;
  const ignored = major !== undefined && isWhole ? anyNode : [];
  const { sums, failures } = await runTests({ tier, workers, ignored, ...options, node });
  const known = failures.map((failure) => ({ tier, node: major, all: options.all, ...failure }));
  if (known.length > 0) console.error(`\n${failureLines(label, known).join('\n')}`);
  return sums;
}
