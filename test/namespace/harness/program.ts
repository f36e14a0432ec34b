import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(__dirname, '../../..');
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the build is plain JavaScript
const { childPrograms } = require('../../../setup/build/child-program.cjs') as { childPrograms: Plugin };

export interface Program {
  readonly file: string;
  remove(): void;
}

/**
 * The admin's command with the agent next to it, bundled from the current sources, so that no test can use an
 * outdated dist/.
 */
export async function bundleProgram(): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-program-'));
  // Tests run the program as other users than root, too.
  chmodSync(directory, 0o755);
  const file = join(directory, 'migrate-guard.cjs');
  await bundleForNode([join(root, 'src/main/migrate-guard.ts')], file);
  await bundleForNode([join(root, 'src/main/agent.ts')], join(directory, 'agent.cjs'));
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Bundles one self-contained program of these sources, with the settings of setup/build/settings.mjs. */
export async function bundleForNode(entryPoints: string[], outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    loader: { '.css': 'text', '.client.js': 'text' },
    plugins: [childPrograms],
  });
}
