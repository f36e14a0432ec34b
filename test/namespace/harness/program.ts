import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { madeInRun } from '../../support/made-in-run';

const root = join(__dirname, '../../..');
const main = 'migrate-guard.cjs';
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the build is plain JavaScript
const { childPrograms } = require('../../../setup/build/child-program.cjs') as { childPrograms: Plugin };

export interface Program {
  readonly file: string;
  remove(): void;
}

/**
 * The admin's command with the agent next to it, bundled from the current sources, so that no test can use an
 * outdated dist/: once in a run of `npm test`.
 */
export async function bundleProgram(): Promise<Program> {
  const run = process.env['MIGRATE_GUARD_RUN'];
  if (run !== undefined) {
    const directory = await madeInRun(join(run, 'migrate-guard-program'), bundleInto);
    return { file: join(directory, main), remove: () => undefined };
  }
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-program-'));
  await bundleInto(directory);
  return { file: join(directory, main), remove: () => rmSync(directory, { recursive: true, force: true }) };
}

async function bundleInto(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  // Tests run the program as other users than root, too.
  chmodSync(directory, 0o755);
  await bundleForNode([join(root, 'src/main/migrate-guard.ts')], join(directory, main));
  await bundleForNode([join(root, 'src/main/agent.ts')], join(directory, 'agent.cjs'));
}

/** Bundles one self-contained program of these sources, as setup/build/settings.mjs does. */
export async function bundleForNode(entryPoints: string[], outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // As in the real build: each start of the program reads a third less.
    minifyWhitespace: true,
    lineLimit: 200,
    loader: { '.css': 'text', '.client.js': 'text' },
    plugins: [childPrograms],
  });
}
