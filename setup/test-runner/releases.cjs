// Which releases of Debian the tier `releases` runs, and which of their results are kept. Pure.
const { basename } = require('node:path');

/** A release that is still in development shows results, and makes nothing fail. */
const inDevelopment = ['forky'];
const stable = ['bullseye', 'bookworm', 'trixie'];
/** Debian 12, on which the tests run: its own files serve, without a tree. */
const ofMachine = 'bookworm';

const releases = [...stable, ...inDevelopment];

/** The releases of which it takes a tree. */
const treesOf = (names) => names.filter((name) => name !== ofMachine);

/** The releases that are named: as such, or by their files. */
const namedReleases = (names, patterns) =>
  releases.filter((name) => names.includes(name) || patterns.some((pattern) => pattern.includes(name)));

/**
 * The runs of the tier, each with its releases and `files`. `named`: releases given by name. `whole`: every case of
 * each stable release; otherwise a selection on the newest one. A run without `gates` makes nothing fail.
 */
function releaseRuns(run, { named, whole }) {
  const wanted = named.length > 0 ? named : whole ? stable : stable.slice(-1);
  const gating = wanted.filter((name) => stable.includes(name));
  const moves = ['bookworm', 'trixie'].every((name) => gating.includes(name)) ? ['upgrade'] : [];
  const filesOf = (names) => names.map((name) => `releases/${name}`);
  const told = wanted.filter((name) => inDevelopment.includes(name));
  return [
    ...(gating.length > 0
      ? [{ ...run, releases: gating, files: filesOf([...gating, ...moves]), gates: true, whole }]
      : []),
    ...(told.length > 0 ? [{ ...run, releases: told, files: filesOf(told), gates: false, whole }] : []),
  ];
}

/**
 * The result files that are kept, of those that a run left: each of whose tests all passed. A failure of no test may have
 * to do with any of them.
 */
function keptResults(files, { sums, failures }) {
  if (sums.failed > 0 && failures.length === 0) return [];
  const failed = failures.map(({ file }) => basename(file, '.test.ts'));
  return files.filter((file) => !failed.includes(basename(file, '.json')));
}

module.exports = { releases, treesOf, namedReleases, releaseRuns, keptResults };
