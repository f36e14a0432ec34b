// A software bill of materials (CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/) of the programs in dist/.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownNeeds } from './packages.mjs';
import { root } from './release.mjs';

/** `packages`: the result of describePackages(). The same packages give the same text: it contains no time. */
export function sbomText(packages) {
  const { name, version, license, description } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const refs = new Map(packages.map((found) => [found.path, purl(found.name, found.version)]));
  const own = purl(name, version);
  const bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': own,
        name,
        version,
        description,
        licenses: licenses(license),
        purl: own,
      },
    },
    components: packages.map((found) => componentOf(found, refs)),
    dependencies: [
      { ref: own, dependsOn: ownNeeds.map((path) => refs.get(path)).filter((ref) => ref !== undefined) },
      ...packages.map(({ path, needs }) => ({
        ref: refs.get(path),
        dependsOn: needs.map((need) => refs.get(need)).filter((ref) => ref !== undefined),
      })),
    ],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(bom))}`;
  const { bomFormat, specVersion, ...rest } = bom;
  return `${JSON.stringify({ bomFormat, specVersion, serialNumber, ...rest }, null, 2)}\n`;
}

function componentOf({ path, name, version, license, integrity, programs }, refs) {
  const [, group, plain] = /^(?:(@[^/]+)\/)?(.+)$/.exec(name);
  const [algorithm, digest] = integrity.split(/-(.*)/s);
  return {
    type: 'library',
    'bom-ref': refs.get(path),
    ...(group ? { group } : {}),
    name: plain,
    version,
    scope: 'required',
    // The hash of the package in the registry.
    hashes: [
      { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') },
    ],
    licenses: licenses(license),
    purl: refs.get(path),
    properties: programs.map((value) => ({ name: 'migrate-guard:program', value })),
  };
}

/** One licence of SPDX's list, or an expression of several. */
function licenses(text) {
  return /^[A-Za-z0-9.-]+$/.test(text) ? [{ license: { id: text } }] : [{ expression: text }];
}

/** https://github.com/package-url/purl-spec: the `@` of a scope is written as %40. */
function purl(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** A UUID made from the content (RFC 9562, version 8). */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
