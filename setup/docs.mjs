// npm run docs: writes the documents of the tree that are made from others: docs/commands.md and docs/configuration.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage } from './build/configuration-page.cjs';
import { loadReference } from './build/reference.mjs';
import { root } from './build/release.mjs';

const { documents } = await loadReference();
for (const [path, text] of Object.entries(documents())) writeFileSync(join(root, path), text);
const configuration = readFileSync(join(root, 'config/config.yaml'), 'utf8');
writeFileSync(join(root, 'docs/configuration.md'), configurationPage(configuration));
