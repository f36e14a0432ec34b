import fc from '../../support/seeded-fast-check';
import { parse } from '../../../src/cli/parse-args';
import { everyVerb } from '../../../src/cli/command';
import { verbs } from '../../../src/commands';
import { GuardError } from '../../../src/core/errors';
import { answerTo, lineOf } from './command-lines';

describe('a well-formed command line', () => {
  test('has its arguments, flags and values', async () => {
    const argv = ['check', 'one-310', '--deep', '--destination', 'kvm2', '311', '--config=/etc/x.yaml'];
    const { verb, line } = await lineOf(argv);
    expect(verb).toBe('check');
    expect(line.words).toEqual(['one-310', '311']);
    expect(['deep', 'json', 'all'].map((name) => line.flag(name))).toEqual([true, false, false]);
    expect(['destination', 'config', 'deep'].map((name) => line.value(name))).toEqual([
      'kvm2',
      '/etc/x.yaml',
      undefined,
    ]);
  });

  test.each([
    [['check', '--all']],
    [['check', '310', '--json', '--verbose']],
    [['relink', '--map', 'links.txt']],
    [['relink', '/a', '/b']],
    [['audit']],
    [['hook', 'test', 'pre-migrate', '--vm', '310']],
    [['reset', '--all']],
  ])('%j', async (argv) => {
    expect((await lineOf(argv)).verb).toBe(argv[0]);
  });

  test.each([
    ['1e3'],
    ['0x10'],
    ['007'],
    ['1.0'],
    ['true'],
    ['false'],
    ['null'],
    ['-'],
    ['__proto__'],
    ['constructor'],
    ['toString'],
    ['help'],
    ['check'],
    ['completion'],
    ['a b'],
    ["'quoted'"],
    ['"quoted"'],
    ['a=b'],
    ['ünïcödé'],
    ['\u001b[31m'],
    ['new\nline'],
    ['%s'],
    ['$0'],
  ])('an argument stays as typed: %j', async (word) => {
    const { line } = await lineOf(['check', word, '--json', word]);
    expect([line.words, line.flag('json')]).toEqual([[word, word], true]);
    expect((await lineOf(['check', '--', word])).line.words).toEqual([word]);
  });

  test.each([['1e3'], ['007'], ['true'], ['-'], ['__proto__'], ['ünïcödé'], ['a=b=c'], ['help'], ['"q"']])(
    'and so does a value: %j',
    async (value) => {
      expect((await lineOf(['check', '310', '--config', value])).line.value('config')).toBe(value);
      expect((await lineOf(['check', '310', `--config=${value}`])).line.value('config')).toBe(value);
    },
  );

  test('after an equals sign a value may look like an option', async () => {
    expect((await lineOf(['check', '310', '--config=-x'])).line.value('config')).toBe('-x');
  });

  test('after -- everything is an argument', async () => {
    const { line } = await lineOf(['check', '--json', '--', '--all', '-x', '--', '--help', '--_']);
    expect(line.words).toEqual(['--all', '-x', '--', '--help', '--_']);
    expect(['json', 'all'].map((name) => line.flag(name))).toEqual([true, false]);
    expect((await lineOf(['explain', '--', '310'])).line.words).toEqual(['310']);
  });
});

const pieces = [
  'check',
  'relink',
  'hook',
  'help',
  '--',
  '-',
  '--all',
  '--json',
  '--config',
  '--config=x',
  '--no-',
  '=',
  '',
];
const anyWord = fc.oneof(
  fc.constantFrom(
    ...pieces,
    '__proto__',
    'constructor',
    '--__proto__',
    '--_',
    '--$0',
    '-h',
    '--get-yargs-completions',
  ),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'binary' }).map((text) => `-${text}`),
  fc.string({ unit: 'binary' }).map((text) => `--${text}`),
);

test('any command line is accepted, answered, or refused as a mistake of the user', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...pieces), fc.array(anyWord), async (first, rest) => {
      const result = await parse([first, ...rest], verbs).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(GuardError);
    }),
  );
});

test('after -- any arguments stay as typed', async () => {
  const words = fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(words, async (typed) => {
      expect((await lineOf(['check', '--', ...typed])).line.words).toEqual(typed);
    }),
  );
});

describe('what yargs answers by itself', () => {
  test.each([[['--help']], [['-h']], [['help']], [['help', '--help']], [['-h', 'chek']]])(
    '%j: the help',
    async (argv) => {
      expect(await answerTo(...argv)).toMatch(/^Usage: migrate-guard <command> …\n/);
    },
  );

  test.each([[['check', '--help']], [['check', '310', '-h']], [['help', 'check']], [['--help', 'check']]])(
    '%j: the help of a command',
    async (argv) => {
      expect(await answerTo(...argv)).toMatch(/^Usage: migrate-guard check <domain…\|--all>\n/);
    },
  );

  test.each([[['--version']], [['check', '310', '--version']]])('%j: the version', async (argv) => {
    expect(await answerTo(...argv)).toMatch(/^unbuilt\n/);
  });
});

describe.each(verbs.map((verb) => [verb.name, verb] as const))('%s', (_, verb) => {
  test('has a summary and examples that are well-formed command lines', async () => {
    expect(verb.summary).not.toBe('');
    expect(verb.examples.length).toBeGreaterThan(0);
    for (const [example] of verb.examples) {
      const [program, ...argv] = example.replace(/ >.*/, '').split(' ');
      expect([program, (await lineOf(argv)).verb]).toEqual(['migrate-guard', verb.name]);
    }
  });

  test('explains each option, and hides none that every command has', () => {
    for (const option of Object.values(verb.options)) expect(option.help).not.toBe('');
    expect(Object.keys(verb.options).filter((name) => name in everyVerb)).toEqual([]);
  });
});
