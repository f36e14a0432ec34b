// Builds every program of src/main as one self-contained CommonJS file in dist/, with their manual page, completion,
// licences and software bill of materials.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { licensesText } from './build/licenses.mjs';
import { describePackages, packagesIn } from './build/packages.mjs';
import { put } from './build/put.mjs';
import { writeReference } from './build/reference.mjs';
import { root } from './build/release.mjs';
import { sbomText } from './build/sbom.mjs';
import { settings } from './build/settings.mjs';
import { stamped } from './build/stamp.mjs';

await stamped(async () => {
  const entries = readdirSync(join(root, 'src/main')).filter((file) => file.endsWith('.ts'));
  /** The programs that contain each package, by the directory of the package. */
  const contained = new Map();
  for (const entry of entries) {
    const name = `${basename(entry, '.ts')}.cjs`;
    const { outputFiles, metafile } = await build({
      ...settings,
      entryPoints: [join(root, 'src/main', entry)],
      banner: { js: '#!/usr/bin/env node' },
    });
    put(name, outputFiles[0].text, 0o755);
    for (const path of packagesIn(metafile))
      contained.set(path, (contained.get(path) ?? new Set()).add(name));
  }
  const packages = describePackages(contained);
  put('licenses.txt', licensesText(packages));
  put('sbom.cdx.json', sbomText(packages));
  await writeReference();
});
