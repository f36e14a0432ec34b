// npm run docs: writes the documents that are made from other files: docs/commands.md, docs/configuration.md and
// docs/messages.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage } from './build/configuration-page.cjs';
import { loadReference } from './build/reference.mjs';
import { root } from './build/release.mjs';

const { documents } = await loadReference();
for (const [path, text] of Object.entries(documents())) writeFileSync(join(root, path), text);
const configuration = readFileSync(join(root, 'config/config.yaml'), 'utf8');
writeFileSync(join(root, 'docs/configuration.md'), configurationPage(configuration));
