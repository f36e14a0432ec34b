import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './release.mjs';

/** The files below dist/ that this process has written. */
export const written = new Set();

/**
 * Writes a file below dist/. A rename puts it into place, so that a program that starts meanwhile is complete; two
 * concurrent builds each rename their own file.
 */
export function put(path, text, mode = 0o644) {
  const file = join(root, 'dist', path);
  const fresh = `${file}.${process.pid}.new`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(fresh, text, { mode });
  renameSync(fresh, file);
  written.add(path);
}
