// Writes the documents of the tree that are made from the sources: docs/commands.md.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadReference } from './build/reference.mjs';
import { root } from './build/release.mjs';

const { documents } = await loadReference();
for (const [path, text] of Object.entries(documents())) writeFileSync(join(root, path), text);
