// Makes every program of src/entry one self-contained CommonJS file in dist/, and their manual page and completion.
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { pack } from './build/pack.mjs';
import { root } from './build/release.mjs';
import { settings } from './build/settings.mjs';
import { writeReference } from './build/reference.mjs';
import { singleFile } from './build/single-file.mjs';

const entries = readdirSync(join(root, 'src/entry')).filter((file) => file.endsWith('.ts'));
mkdirSync(join(root, 'dist'), { recursive: true });
for (const entry of entries) {
  const packs = new Map();
  const { outputFiles } = await build({
    ...settings,
    entryPoints: [join(root, 'src/entry', entry)],
    plugins: [pack(packs)],
  });
  const name = `${basename(entry, '.ts')}.cjs`;
  const file = join(root, 'dist', name);
  // Renamed into place, so that a program that somebody starts meanwhile is whole.
  writeFileSync(`${file}.new`, singleFile(name, outputFiles[0].text, packs), { mode: 0o755 });
  renameSync(`${file}.new`, file);
}
await writeReference();
