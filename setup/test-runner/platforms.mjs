// The tier `releases`: which releases of Debian it runs, and what becomes of its results. Each spec file leaves a
// result file, which is kept in test/releases/results; docs/platforms.md is made from these files.
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformsPage, results } from '../build/platforms-page.cjs';
import { root } from '../prepare.mjs';

/** A release that is still in development shows results, and makes nothing fail. */
const inDevelopment = ['forky'];
const stable = ['bullseye', 'bookworm', 'trixie'];
/** Debian 12, on which the tests run: its own files serve, without a tree. */
const ofMachine = 'bookworm';

export const releases = [...stable, ...inDevelopment];

export const treesOf = (names) => names.filter((name) => name !== ofMachine);

/**
 * The runs of the tier. `named`: releases given by name. `whole`: every case of each stable release; otherwise a
 * selection on the newest one.
 */
export function releaseRuns(run, { named, whole }) {
  const wanted = named.length > 0 ? named : whole ? stable : stable.slice(-1);
  const gating = wanted.filter((name) => stable.includes(name));
  const moves = ['bookworm', 'trixie'].every((name) => gating.includes(name)) ? ['releases/upgrade'] : [];
  const files = [...gating.map((name) => `releases/${name}`), ...moves];
  const others = wanted.filter((name) => inDevelopment.includes(name));
  return [
    ...(gating.length > 0 ? [{ ...run, releases: gating, files, whole }] : []),
    ...others.map((name) => ({ ...run, releases: [name], files: [`releases/${name}`], whole, gates: false })),
  ];
}

/** Takes the result files out of the temporary directory of a run, and makes the page from all of them. */
export function keepResults(temporary) {
  const from = join(temporary, 'platforms');
  if (!existsSync(from)) return;
  mkdirSync(results, { recursive: true });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(results, name));
  writeFileSync(join(root, 'docs/platforms.md'), platformsPage());
}
