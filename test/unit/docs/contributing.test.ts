import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Follows the example of CONTRIBUTING.md to the letter, in a copy of the tree.

const root = join(__dirname, '../../..');

interface Block {
  readonly file: string;
  readonly kind: 'ts' | 'diff';
  readonly code: string;
}

/** Each block of code, with the file that the paragraph before it names. */
const blocks = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  .split(/^```(?=\w)/m)
  .flatMap((part, index, parts): Block[] => {
    const opened = /^(\w+)\n([^]*?)^```$/m.exec(part);
    if (!opened) return [];
    const [, kind = '', code = ''] = opened;
    const paragraph = parts[index - 1]?.trimEnd().split('\n\n').at(-1) ?? '';
    const named = /(?:new file|add to)\s`([^`]+)`/.exec(paragraph);
    if (named?.[1] === undefined || (kind !== 'ts' && kind !== 'diff'))
      throw new Error(`what to do with this block is not said:\n${part}`);
    return [{ file: named[1], kind, code }];
  });

const tree = mkdtempSync(join(tmpdir(), 'migrate-guard-contributing-'));
const copied = ['src', 'setup', 'test/support', 'test/unit/disk-paths', 'jest.config.cjs', 'tsconfig.json'];

/** A line with a `+` comes after the previous line, which occurs exactly once in the file. */
function addLines(file: string, diff: string): string {
  const lines = file.split('\n');
  let at = -1;
  for (const line of diff.trimEnd().split('\n')) {
    const text = line.slice(1);
    if (line.startsWith('+')) {
      lines.splice(++at, 0, text);
    } else {
      at = lines.indexOf(text);
      if (at === -1 || lines.lastIndexOf(text) !== at) throw new Error(`not one line: ${text}`);
    }
  }
  return lines.join('\n');
}

/** The output of a program if it fails. */
function failureOf(program: string, ...args: readonly string[]): string {
  const command = [join(tree, 'node_modules', program), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: tree, encoding: 'utf8' });
  return status === 0 ? '' : `${program} failed:\n${stdout}${stderr}`;
}

beforeAll(() => {
  for (const path of copied) cpSync(join(root, path), join(tree, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const { file, kind, code } of blocks) {
    const path = join(tree, file);
    if (kind === 'ts') writeFileSync(path, code, { flag: 'wx' });
    else writeFileSync(path, addLines(readFileSync(path, 'utf8'), code));
  }
});
afterAll(() => rmSync(tree, { recursive: true }));

test('each file of the example is named', () => {
  expect(blocks.map(({ file }) => file)).toEqual([
    'test/unit/disk-paths/checks/link-count.test.ts',
    'src/disk-paths/checks/link-count.ts',
    'src/disk-paths/checks/index.ts',
    'src/messages/disk-paths.ts',
    'test/unit/disk-paths/checks/order.test.ts',
  ]);
});

test('its types are right', () => {
  const project = join(tree, 'example.json');
  const files = blocks.map(({ file }) => file);
  writeFileSync(project, JSON.stringify({ extends: './tsconfig.json', include: [], files }));
  expect(failureOf('typescript/bin/tsc', '--project', project)).toBe('');
});

test('its tests succeed', () => {
  const tests = blocks.map(({ file }) => file).filter((file) => file.startsWith('test/'));
  // A separate cache, because the cache of the tree is for files that stay.
  const options = ['--selectProjects=unit', '--runInBand', `--cacheDirectory=${join(tree, 'cache')}`];
  expect(failureOf('jest/bin/jest.js', ...options, '--runTestsByPath', ...tests)).toBe('');
});
