import { closeSync, openSync } from 'node:fs';
import { PathReader, type Answered } from '../../../src/file-tree/path-reader/path-reader';

/** The results when `script` replaces the child: a QEMU could interfere with a child that runs with its user. */
async function askOf(script: string, paths: readonly string[] = ['/etc']): Promise<readonly Answered[]> {
  const root = openSync('/', 'r');
  const reader = new PathReader({
    asUser: ['sh', '-c', script, 'sh'],
    roots: [root],
    avoid: () => [],
    onHang: () => 'it hangs',
  });
  try {
    return await reader.read(paths.map((path) => ({ root: 0, path })));
  } finally {
    reader.end();
    closeSync(root);
  }
}

test('the child itself reports the entry at a path', async () => {
  const answers = await askOf('exec "$@"', ['/etc', '/no/such', '/etc/']);
  expect(answers).toMatchObject([
    { resolved: { path: '/etc', end: { kind: 'found', path: '/etc' } } },
    { resolved: { end: { kind: 'missing', path: '/no' } } },
    { resolved: { end: { kind: 'found', path: '/etc' } } },
  ]);
});

test.each<[string, string]>([
  ['sends invalid JSON', 'echo safe'],
  ['sends another document', 'echo "{}"; sleep 600'],
  ['sends without end and without a line end', 'exec cat /dev/zero'],
  ['sends lines without end', 'exec yes'],
])('a child that %s is not read any more', async (_, script) => {
  const why = 'the process that looks at paths gave an answer that cannot be used';
  expect(await askOf(script, ['/etc', '/usr'])).toEqual([{ why }, { why }]);
});

test('a child that ends leaves its last complaint', async () => {
  expect(await askOf('echo first >&2; echo setpriv: no >&2; exit 1')).toEqual([{ why: 'setpriv: no' }]);
});

test('a child that complains without end takes no memory, and its end is noticed', async () => {
  const [answer] = await askOf('head -c 50000000 /dev/zero | tr "\\0" x >&2; exit 1');
  expect(answer).toHaveProperty('why');
  expect(JSON.stringify(answer).length).toBeLessThan(20_000);
});
