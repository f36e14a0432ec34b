import { execFileSync } from 'node:child_process';

interface Failure {
  readonly tier: string;
  readonly node?: string;
  readonly all?: boolean;
  readonly file: string;
  readonly name?: string;
}
interface Report {
  readonly exitStatusOf: (total: object, gates: boolean) => number;
  readonly sumsOf: (result: object, status: number) => object;
  readonly failuresOf: (result: object, root: string) => readonly object[];
  readonly commandFor: (failure: Failure) => string;
  readonly failureLines: (label: string, failures: readonly Failure[]) => readonly string[];
  readonly onlyPattern: (name: string) => string;
}

const { exitStatusOf, sumsOf, failuresOf, commandFor, failureLines, onlyPattern } =
  jest.requireActual<Report>('../../../setup/test-runner/report.cjs');

test.each([
  [{ passed: 3, failed: 0, skipped: 0 }, true, 0],
  [{ passed: 3, failed: 1, skipped: 0 }, true, 1],
  [{ passed: 0, failed: 0, skipped: 2 }, true, 1],
  [{ passed: 0, failed: 0, skipped: 0 }, false, 0],
])('%j, with a run that counts: %s, ends with %i', (total, gates, status) => {
  expect(exitStatusOf(total, gates)).toBe(status);
});

describe('sums', () => {
  const counts = { numFailedTests: 0, numRuntimeErrorTestSuites: 0, numPassedTests: 7 };
  const result = { ...counts, numPendingTests: 2, numTodoTests: 1 };

  test('count passed, failed and skipped tests', () =>
    expect(sumsOf(result, 0)).toEqual({ passed: 7, failed: 0, skipped: 3 }));

  test('count a file that could not be loaded', () =>
    expect(sumsOf({ ...result, numFailedTests: 2, numRuntimeErrorTestSuites: 1 }, 1)).toMatchObject({
      failed: 3,
    }));

  test('never report success if jest failed', () => expect(sumsOf(result, 1)).toMatchObject({ failed: 1 }));
});

test('a failed file whose tests passed is a failure, too', () => {
  const testResults = [
    { name: '/tree/test/unit/a.test.ts', status: 'passed', assertionResults: [{ status: 'passed' }] },
    { name: '/tree/test/unit/b.test.ts', status: 'failed', assertionResults: [{ status: 'passed' }] },
    {
      name: '/tree/test/unit/c.test.ts',
      status: 'failed',
      assertionResults: [
        { status: 'passed', fullName: 'one' },
        { status: 'failed', fullName: 'of it two' },
      ],
    },
  ];
  expect(failuresOf({ testResults }, '/tree')).toEqual([
    { file: 'test/unit/b.test.ts' },
    { file: 'test/unit/c.test.ts', name: 'of it two' },
  ]);
});

describe('the command that runs a test alone', () => {
  const where = { tier: 'unit', file: 'test/unit/a.test.ts' };

  test('names tier, Node, file and test', () =>
    expect(commandFor({ ...where, all: true, node: '22', name: 'a way' })).toBe(
      "npm test -- --tier unit --all --node 22 test/unit/a.test.ts --only='a way'",
    ));

  test.each(['it\'s $HOME `id` \\ "x" 100 %', '--tier', 'a  b', "''", '(a|b)* [c] {d} ^e$ .'])(
    'passes the name unchanged: %s',
    (name) => {
      const [, words] = commandFor({ ...where, name }).split(' -- ', 2);
      const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${words ?? ''}`], { encoding: 'utf8' });
      expect(printed.split('\0').slice(0, -1)).toEqual(['--tier', 'unit', where.file, `--only=${name}`]);
      expect(new RegExp(onlyPattern(name)).test(name)).toBe(true);
      expect(new RegExp(onlyPattern(name)).test(`${name} more`)).toBe(false);
    },
  );

  test('runs the whole file when the name cannot be typed', () =>
    expect(commandFor({ ...where, name: 'a\nb' })).toBe('npm test -- --tier unit test/unit/a.test.ts'));
});

describe('the last lines of a tier', () => {
  const failures = (count: number): Failure[] =>
    Array.from({ length: count }, (_, index) => ({
      tier: 'unit',
      file: 'test/unit/a.test.ts',
      name: `test ${index}`,
    }));

  test('has a line for each failure', () => {
    expect(failureLines('unit', failures(2))).toEqual([
      'unit: 2 failed. To run one alone:',
      "  npm test -- --tier unit test/unit/a.test.ts --only='test 0'",
      "  npm test -- --tier unit test/unit/a.test.ts --only='test 1'",
    ]);
  });

  test.each([9, 10, 500])('has ten lines at most: %d failures', (count) => {
    const lines = failureLines('unit', failures(count));
    expect(lines).toHaveLength(10);
    expect(lines[0]).toContain(`${count} failed`);
    if (count > 9) expect(lines[9]).toBe(`  … and ${count - 8} more, see above`);
  });
});
