import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const finder = join(__dirname, '../../../setup/package/node-licence.mjs');

let directory: string;
let node: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-licence-'));
  node = lay('bin/node');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function lay(path: string): string {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '');
  return file;
}

function find(given?: string): { found: string; error: string } {
  const program = `import { licenceOfNode } from ${JSON.stringify(finder)};
    try { console.log(licenceOfNode(...process.argv.slice(1))); } catch (error) { console.error(error.message); }`;
  const argv = ['--input-type=module', '--eval', program, node, ...(given === undefined ? [] : [given])];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  return { found: stdout.trim(), error: stderr.trim() };
}

test.each(['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/nodejs/copyright'])(
  "Node's licence is found in %s",
  (place) => {
    const file = lay(place);
    expect(find()).toEqual({ found: file, error: '' });
  },
);

test('a Node that was copied without it: refused with the remedy, and then the given one is used', () => {
  expect(find()).toEqual({
    found: '',
    error: expect.stringContaining('name it by --node-licence FILE') as string,
  });
  const given = lay('elsewhere');
  expect(find(given)).toEqual({ found: given, error: '' });
  const missing = join(directory, 'missing');
  expect(find(missing)).toEqual({ found: '', error: `--node-licence: there is no file ${missing}` });
});
