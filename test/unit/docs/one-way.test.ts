import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const src = join(__dirname, '../../../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));

function having(pattern: RegExp): string[] {
  return files.filter((file) => pattern.test(sources.get(file) ?? '')).sort();
}

test.each<[what: string, pattern: RegExp, files: string[]]>([
  ['the command that sudo allows', /sudo -n \/usr\/lib/, ['agent-protocol/connection.ts']],
  ['what becomes of a VM whose guard cannot run', /whenGuardFails ===/, ['plugin/without-guard.ts']],
  [
    'a question to QEMU’s monitor',
    /'qemu-monitor-command'|`qemu-monitor-command/,
    ['hypervisor/qmp-client.ts'],
  ],
  ['a property of an answer of QEMU', /function property\(/, ['hypervisor/model/qmp.ts']],
])('%s occurs in one place', (_, pattern, places) => expect(having(pattern)).toEqual(places));

test('a failure that is returned has one shape', () => {
  const asText = /\): (?:Promise<)?(?:[A-Z]\w+ \| string\b|string \| \{)/;
  const ofItsOwn = /\{ readonly (?:refused|refusal|doubt|why): string \}/;
  expect([...having(asText), ...having(ofItsOwn)]).toEqual([]);
});

test('the types of workflows have names', () => {
  const isWorkflow = (file: string): boolean => !/^(cli|commands|core|os)\/|\/(model|io|steps)\//.test(file);
  expect(having(/Parameters<|ReturnType<|Awaited</).filter(isWorkflow)).toEqual([]);
});

/** The files that a file imports, types included. */
function importsOf(file: string): string[] {
  const named = [...(sources.get(file) ?? '').matchAll(/(?:from|import\() ?'(\.[^']*)'/g)];
  return named.flatMap(([, path = '']) => {
    const place = relative(src, join(src, dirname(file), path));
    return [`${place}.ts`, join(place, 'index.ts')].filter((found) => sources.has(found));
  });
}

/** The files of a cycle that begins and ends at `file`. */
function cycleOf(file: string): string[] | undefined {
  const seen = new Set<string>();
  const ways = [[file]];
  for (let way = ways.pop(); way; way = ways.pop()) {
    for (const next of importsOf(way.at(-1) ?? '')) {
      if (next === file) return [...way, file];
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

test('no file imports itself through others, not even its types', () => {
  expect(importsOf('move/guarded-move.ts').length).toBeGreaterThan(5);
  expect(files.map(cycleOf).filter((cycle) => cycle !== undefined)).toEqual([]);
});
