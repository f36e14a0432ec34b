// The licences of everything that the programs contain: they must accompany each copy of a program.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './release.mjs';

const isLicense = /^(licen[cs]e|copying|notice)([.-]|$)/i;
const rule = `${'='.repeat(100)}\n`;

/**
 * `packages`: the result of describePackages().
 * @throws if one of them has no licence text
 */
export function licensesText(packages) {
  const own = `migrate-guard is under the Apache License 2.0, which stands at the end. Its programs hold parts of these packages:\n\n`;
  const list = packages.map(
    ({ name, version, license, programs }) => `  ${name} ${version}, ${license}, in ${programs.join(', ')}\n`,
  );
  const texts = packages.map(
    ({ name, version, path }) => `\n${rule}${name} ${version}\n${rule}\n${textOf(path)}\n`,
  );
  const last = `\n${rule}migrate-guard\n${rule}\n${readFileSync(join(root, 'LICENSE'), 'utf8').trim()}\n`;
  return [own, ...list, ...texts, last].join('');
}

function textOf(path) {
  const files = readdirSync(join(root, path)).filter((file) => isLicense.test(file));
  if (files.length === 0) throw new Error(`${path} comes without the text of its licence`);
  const texts = files.sort().map((file) => readFileSync(join(root, path, file), 'utf8').replaceAll('\r', ''));
  return texts.map((text) => text.trim()).join('\n\n');
}
