// npm run bench [-- [NAME…] [--json FILE] [--report FILE] [--peer CMD] [--idle MINUTES]]: prepares what is missing and
// runs the programs of bench/, all or the named ones. --report writes the figures into the tables of
// docs/performance.md; --peer measures another script for comparison; --idle is how long `watch` runs without a change,
// by default ten minutes. The figures go to stdout, everything else to stderr. A missed budget is reported, but it is
// not a failure: other work on the machine can cause it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeTables } from './bench-report.mjs';
import { prepareAffectedQemu, prepareBuild, prepareNode, preparePackages, root } from './prepare.mjs';

const programs = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));

/** These programs run QEMU 7.2.0, whose first build takes minutes. */
const ofAffectedQemu = ['reset', 'guard', 'survival'];

function usage(complaint) {
  console.error(
    `${complaint}\nusage: npm run bench [-- [NAME…] [--json FILE] [--report FILE] [--peer CMD] [--idle MINUTES]]   names: ${programs.join(' ')}`,
  );
  process.exit(64);
}

function readArguments() {
  try {
    const text = { type: 'string' };
    const options = { json: text, report: text, peer: text, idle: text };
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    return usage(error.message);
  }
}

/**
 * Variables that a shell sets for Node (the certificates of a company cost 50 ms of each start) do not exist on a
 * host, where sudo, sshd and oned start migrate-guard: with them, everything would be compared with a slower Node.
 */
const bare = Object.entries(process.env).filter(([name]) => !name.startsWith('NODE_'));

/**
 * Runs one program.
 * @returns its report; undefined if it failed
 */
function runProgram(name, folder) {
  const file = join(folder, `${name}.json`);
  const args = ['-r', 'ts-node/register/transpile-only', join(root, 'bench', `${name}.ts`), '--json', file];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...Object.fromEntries(bare),
      MIGRATE_GUARD_PEER: values.peer ?? '',
      MIGRATE_GUARD_IDLE: values.idle ?? '',
    },
  });
  return status === 0 ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

const { values, positionals } = readArguments();
const unknown = positionals.find((name) => !programs.includes(name));
if (unknown !== undefined) usage(`no such bench: ${unknown}`);
if (process.getuid() !== 0) {
  console.error('the bench needs root: it makes namespaces, loop devices and virtual machines');
  process.exit(77);
}
const folder = mkdtempSync(join(tmpdir(), 'migrate-guard-bench-'));
try {
  const chosen = positionals.length > 0 ? positionals : programs;
  prepareNode();
  preparePackages(['qemu', 'lab', 'bench']);
  prepareBuild();
  if (chosen.some((name) => ofAffectedQemu.includes(name))) prepareAffectedQemu();
  const reports = chosen.map((name) => runProgram(name, folder));
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(reports.filter(Boolean), null, 2)}\n`);
  }
  if (values.report !== undefined) {
    writeTables(
      values.report,
      chosen.map((name, index) => [name, reports[index]]).filter(([, report]) => report),
    );
  }
  process.exitCode = reports.includes(undefined) ? 1 : 0;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
