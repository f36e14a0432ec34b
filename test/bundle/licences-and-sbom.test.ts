import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { alias } from '../../setup/build/yargs/index.cjs';
import { ifMade } from '../support/if-made';
import { buildAlone, type Built } from './build-once';

// The lists of packages in the programs are compared with what a plain bundle of the same sources contains.

const root = join(__dirname, '../..');
let built: Built;
let licenses: string;
let sbom: Sbom;

interface License {
  readonly license?: { readonly id: string };
  readonly expression?: string;
}

interface Component {
  readonly type: string;
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly License[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

interface Sbom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Reads a package's package.json, given the path of one of its files. */
function packageOf(file: string): {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
} {
  const [, directory = ''] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(join(root, file)) ?? [];
  const { name, version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Component;
  return { name, version, directory };
}

const inside = new Map<string, string>();

beforeAll(async () => {
  built = await buildAlone();
  licenses = readFileSync(join(built.directory, 'licenses.txt'), 'utf8');
  sbom = JSON.parse(readFileSync(join(built.directory, 'sbom.cdx.json'), 'utf8')) as Sbom;
  for (const entry of readdirSync(join(root, 'src/main'))) {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: [join('src/main', entry)],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      metafile: true,
      write: false,
      logLevel: 'error',
      loader: { '.css': 'text', '.client.js': 'text' },
      alias,
    });
    for (const { inputs } of Object.values(metafile.outputs)) {
      for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
        if (!file.includes('node_modules/') || bytesInOutput === 0) continue;
        const { name, version, directory } = packageOf(file);
        inside.set(`${name}@${version}`, directory);
      }
    }
  }
});
afterAll(() => ifMade(built, (made) => made.remove()));

const fullName = ({ group, name, version }: Component): string =>
  `${group === undefined ? '' : `${group}/`}${name}@${version}`;

test('every package in the programs is listed', () => {
  expect(inside.size).toBeGreaterThan(20);
  expect(sbom.components.map(fullName)).toEqual(expect.arrayContaining([...inside.keys()]));
});

test('the text contains every licence, and our own', () => {
  for (const component of sbom.components) {
    const name = fullName(component);
    const directory = inside.get(name) ?? join(root, 'node_modules', name.replace(/@[^@]+$/, ''));
    const files = readdirSync(directory).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    expect([name, files.length > 0]).toEqual([name, true]);
    for (const file of files) {
      const text = readFileSync(join(directory, file), 'utf8').replaceAll('\r', '').trim();
      expect([name, licenses.includes(text)]).toEqual([name, true]);
    }
    expect(licenses).toContain(`\n  ${name.replace(/@([^@]+)$/, ' $1')}, `);
  }
  expect(licenses).toContain(readFileSync(join(root, 'LICENSE'), 'utf8').trim());
});

/** The parts that the JSON schema of CycloneDX 1.6 requires of our documents, and its patterns. */
test('the bill of materials has what CycloneDX 1.6 requires', () => {
  expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  expect(sbom.serialNumber).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  );
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Component;
  const own = sbom.metadata.component;
  expect(own).toMatchObject({ type: 'application', name: 'migrate-guard', version });
  const all = [own, ...sbom.components];
  for (const component of all) {
    expect(component['bom-ref']).not.toBe('');
    expect(component.purl).toBe(`pkg:npm/${fullName(component).replace(/^@/, '%40')}`);
    expect(component.licenses).toHaveLength(1);
    for (const { license, expression } of component.licenses) {
      expect(license?.id ?? expression).toMatch(/^[A-Za-z0-9.()+ -]+$/);
      expect((license === undefined) !== (expression === undefined)).toBe(true);
    }
  }
  for (const { type, hashes = [] } of sbom.components) {
    expect(type).toBe('library');
    expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) as string }]);
  }
  const refs = all.map((component) => component['bom-ref']);
  expect(new Set(refs).size).toBe(refs.length);
  expect(sbom.dependencies.map(({ ref }) => ref).sort()).toEqual([...refs].sort());
  const reached = new Set<string>([own['bom-ref']]);
  for (const ref of reached) {
    const { dependsOn } = sbom.dependencies.find((entry) => entry.ref === ref) ?? { dependsOn: [] };
    for (const next of dependsOn) reached.add(next);
  }
  // Every listed package is used, and every used package is listed.
  expect([...reached].sort()).toEqual([...refs].sort());
});
