// npm run package [-- [deb|rpm|standalone]… [--node-licence FILE]]: creates in dist/packages/ a .deb and an .rpm for
// the front-end and for hosts, and an archive for hosts without Node; or only the named ones. Two runs at one commit
// give the same bytes. --node-licence: the text of the licence of the Node that runs this, if it is not next to that
// Node.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './build/release.mjs';
import { makeDeb } from './package/deb.mjs';
import { roles } from './package/package-roles.mjs';
import { licenceOfNode } from './package/node-licence.mjs';
import { makeRpm } from './package/rpm.mjs';
import { makeStandalone } from './package/standalone.mjs';
import { prepareBuild, prepareNode, preparePackages } from './prepare.mjs';

const makers = {
  deb: (workshop) => roles.map((role) => makeDeb(role, workshop, packages)),
  rpm: (workshop) => roles.map((role) => makeRpm(role, workshop, packages)),
  standalone: (workshop) => [makeStandalone(workshop, packages, licence)],
};

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: { 'node-licence': { type: 'string' } },
      allowPositionals: true,
    });
    const unknown = positionals.find((kind) => !Object.hasOwn(makers, kind));
    if (unknown !== undefined) throw new Error(`no such kind of package: ${unknown}`);
    return {
      licence: values['node-licence'],
      kinds: positionals.length > 0 ? positionals : Object.keys(makers),
    };
  } catch (error) {
    const kinds = Object.keys(makers).join('|');
    console.error(`${error.message}\nusage: npm run package [-- [${kinds}]… [--node-licence FILE]]`);
    return process.exit(64);
  }
}

const { licence, kinds } = readArguments();
const packages = join(root, 'dist/packages');
const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-packages-'));
try {
  if (kinds.includes('standalone')) licenceOfNode(process.execPath, licence);
  prepareNode();
  preparePackages(['package']);
  prepareBuild();
  rmSync(packages, { recursive: true, force: true });
  mkdirSync(packages, { recursive: true });
  const made = kinds.flatMap((kind) => makers[kind](workshop));
  for (const file of made) console.log(relative(root, file));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
