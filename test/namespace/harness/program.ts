import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(__dirname, '../../..');

export interface Program {
  readonly file: string;
  remove(): void;
}

/** The admin's command, bundled from the sources as they are now: nothing stale in dist/ can be tested by mistake. */
export async function bundleProgram(): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-program-'));
  // Tests run it as other users than root, too.
  chmodSync(directory, 0o755);
  const file = join(directory, 'migrate-guard.cjs');
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/entry/migrate-guard.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // As setup/build/settings.mjs has it.
    loader: { '.css': 'text', '.client.js': 'text' },
  });
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
