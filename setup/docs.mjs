// npm run docs: writes the documents that are made from other files: docs/commands.md, docs/configuration.md,
// docs/messages.md and docs/platforms.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configurationPage } from './build/configuration-page.cjs';
import { platformsPage } from './build/platforms-page.cjs';
import { loadReference } from './build/reference.mjs';
import { root } from './build/release.mjs';

const { documents } = await loadReference();
for (const [path, text] of Object.entries(documents())) writeFileSync(join(root, path), text);
const configuration = readFileSync(join(root, 'config/config.yaml'), 'utf8');
writeFileSync(join(root, 'docs/configuration.md'), configurationPage(configuration));
writeFileSync(join(root, 'docs/platforms.md'), platformsPage());
