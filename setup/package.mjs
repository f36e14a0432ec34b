// npm run package [-- [deb|rpm|standalone]… [amd64|arm64]…]: creates in dist/packages/ a .deb and an .rpm for the front-end
// and for hosts, an archive for hosts without a package manager, and SHA256SUMS, for each processor; or only what is
// named. Two runs at one commit give the same bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { root } from './build/release.mjs';
import { architectures } from './package/architectures.mjs';
import { makeDeb } from './package/deb.mjs';
import { roles } from './package/package-roles.mjs';
import { makeRpm } from './package/rpm.mjs';
import { makeExecutable, makeStandalone } from './package/standalone.mjs';
import { prepareBuild, prepareNode, preparePackages } from './prepare.mjs';

const makers = {
  deb: (...made) => roles.map((role) => makeDeb(role, ...made)),
  rpm: (...made) => roles.map((role) => makeRpm(role, ...made)),
  standalone: (...made) => [makeStandalone(...made)],
};

function readArguments(words) {
  const isKnown = (word) => Object.hasOwn(makers, word) || Object.hasOwn(architectures, word);
  const unknown = words.find((word) => !isKnown(word));
  if (unknown !== undefined) {
    const [kinds, names] = [makers, architectures].map((known) => Object.keys(known).join('|'));
    console.error(`unknown argument ${unknown}\nusage: npm run package [-- [${kinds}]… [${names}]…]`);
    process.exit(64);
  }
  const named = (known) => {
    const chosen = words.filter((word) => Object.hasOwn(known, word));
    return chosen.length > 0 ? chosen : Object.keys(known);
  };
  return { kinds: named(makers), processors: named(architectures) };
}

/** For `sha256sum --check`. */
function sumsOf(files) {
  const sum = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
  return files.map((file) => `${sum(file)}  ${basename(file)}\n`).join('');
}

const { kinds, processors } = readArguments(process.argv.slice(2));
const packages = join(root, 'dist/packages');
const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-packages-'));
try {
  prepareNode();
  preparePackages(['package']);
  prepareBuild();
  rmSync(packages, { recursive: true, force: true });
  mkdirSync(packages, { recursive: true });
  const made = processors.flatMap((processor) => {
    const directory = join(workshop, processor);
    const runtime = makeExecutable(directory, architectures[processor]);
    return kinds.flatMap((kind) => makers[kind](directory, packages, architectures[processor], runtime));
  });
  writeFileSync(join(packages, 'SHA256SUMS'), sumsOf(made));
  for (const file of made) console.log(relative(root, file));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
