// The manual page, the completion and docs/commands.md, made from the same table of commands as the help.
import Module from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { put } from './put.mjs';
import { root, time } from './release.mjs';
import { settings } from './settings.mjs';

/** The exports of src/commands/reference.ts. */
export async function loadReference() {
  const { outputFiles } = await build({
    ...settings,
    entryPoints: [join(root, 'src/commands/reference.ts')],
    packages: 'external',
  });
  const bundle = new Module(join(root, 'reference'));
  bundle.paths = [join(root, 'node_modules')];
  bundle._compile(outputFiles[0].text, join(root, 'reference'));
  return bundle.exports;
}

/** Writes, below dist/, the files that accompany the programs. */
export async function writeReference() {
  const { reference } = await loadReference();
  const files = await reference(new Date(time * 1000).toISOString().slice(0, 10));
  for (const [path, text] of Object.entries(files)) put(path, text);
}
