// npm run package [-- --node-licence FILE]: dist/packages/ gets a .deb and an .rpm of each half, and an archive of the host
// half for machines without Node. Two runs at one commit give the same bytes.
// --node-licence: the text of the licence of the Node that runs this, where it does not lie beside that Node.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './build/release.mjs';
import { makeDeb } from './package/deb.mjs';
import { halves } from './package/package-roles.mjs';
import { licenceOfNode } from './package/node-licence.mjs';
import { makeRpm } from './package/rpm.mjs';
import { makeStandalone } from './package/standalone.mjs';
import { prepareBuild, prepareNode, preparePackages } from './prepare.mjs';

function readArguments() {
  try {
    return parseArgs({ options: { 'node-licence': { type: 'string' } } }).values;
  } catch (error) {
    console.error(`${error.message}\nusage: npm run package [-- --node-licence FILE]`);
    return process.exit(64);
  }
}

const licence = readArguments()['node-licence'];
const packages = join(root, 'dist/packages');
const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-packages-'));
try {
  licenceOfNode(process.execPath, licence);
  prepareNode();
  preparePackages(['package']);
  prepareBuild();
  rmSync(packages, { recursive: true, force: true });
  mkdirSync(packages, { recursive: true });
  const made = [];
  for (const half of halves) made.push(makeDeb(half, workshop, packages), makeRpm(half, workshop, packages));
  made.push(makeStandalone(workshop, packages, licence));
  for (const file of made) console.log(relative(root, file));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
