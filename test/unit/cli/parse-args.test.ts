import fc from '../../support/seeded-fast-check';
import { parse } from '../../../src/cli/parse-args';
import { everyVerb, type CommandLine } from '../../../src/cli/command';
import { verbs } from '../../../src/commands';
import { GuardError } from '../../../src/core/errors';

async function lineOf(argv: readonly string[]): Promise<{ verb: string; line: CommandLine }> {
  const parsed = await parse(argv, verbs);
  if ('answer' in parsed) throw new Error(`answered: ${parsed.answer}`);
  return { verb: parsed.verb.name, line: parsed.line };
}

async function answerTo(...argv: readonly string[]): Promise<string> {
  const parsed = await parse(argv, verbs);
  return 'answer' in parsed ? parsed.answer : `runs ${parsed.verb.name}`;
}

async function mistakeIn(argv: readonly string[]): Promise<string> {
  const error = await parse(argv, verbs).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GuardError)) throw new Error(`no mistake was found: ${String(error)}`);
  expect(error.code).toBe('usage');
  expect(error.remedy).toMatch(/^see migrate-guard ([a-z]+ )?--help$/);
  return error.what;
}

describe('a well-formed command line', () => {
  test('has its words, flags and values', async () => {
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
  ])('a word stays what was typed: %j', async (word) => {
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

  test('behind an equals sign a value may look like an option', async () => {
    expect((await lineOf(['check', '310', '--config=-x'])).line.value('config')).toBe('-x');
  });

  test('behind -- everything is a word', async () => {
    const { line } = await lineOf(['check', '--json', '--', '--all', '-x', '--', '--help', '--_']);
    expect(line.words).toEqual(['--all', '-x', '--', '--help', '--_']);
    expect(['json', 'all'].map((name) => line.flag(name))).toEqual([true, false]);
    expect((await lineOf(['explain', '--', '310'])).line.words).toEqual(['310']);
  });
});

describe('a mistake', () => {
  const takes = 'check takes <domain…|--all>';
  test.each([
    [[], 'no verb was given'],
    [[''], 'there is no verb or option ""'],
    [['chek', '310'], 'there is no such verb: did you mean check?'],
    [['frobnicate'], 'there is no verb or option frobnicate'],
    [['__proto__'], 'there is no verb or option __proto__'],
    [['constructor'], 'there is no verb or option constructor'],
    [['check'], takes],
    [['check', ''], takes],
    [['check', '310', ''], takes],
    [['check', '--', ''], takes],
    [['check', '--all', '310'], takes],
    [['check', '--all', '--', '310'], takes],
    [['check', '310', '--nonsense'], 'check has no option nonsense'],
    [['check', '310', '--domain', '311'], 'check has no option domain'],
    [['check', '310', '-x'], 'check has no option x'],
    [['check', '310', '-all'], 'check has no option a, l'],
    [['check', '310', '--no-json'], 'check has no option no-json'],
    [['check', '310', '--json.x'], 'check has no option json.x'],
    [['check', '310', '--json.x=1'], 'check has no option json.x'],
    [['check', '310', '--__proto__=1'], 'check has no option ___proto___'],
    [['check', '310', '--__proto__.json=1'], 'check has no option __proto__.json'],
    [['check', '310', '--constructor'], 'check has no option constructor'],
    [['check', '310', '--_=311'], 'there is no option --_=311'],
    [['check', '--_', '310'], 'there is no option --_'],
    [['check', '-_', '310'], 'there is no option -_'],
    [['check', '310', '--$0', '311'], 'there is no option --$0'],
    [['check', '--all\nx'], 'there is no option --all x'],
    [['check', '310', '--config\nx', 'y'], 'there is no option --config x'],
    [['--json', 'check', '310'], 'check has to come first'],
    [['--', 'check', '310'], 'check has to come first'],
    [['--', 'migrate', '310', 'kvm2'], 'migrate has to come first'],
    [['help', '--', 'check'], 'check has to come first'],
    [['--', '--help'], 'no verb was given'],
    [['--', 'help'], 'no verb was given'],
    [['--get-yargs-completions=x', 'check', '310'], 'check has to come first'],
    [['migrate', '310', 'kvm2', '--help=x'], '--help takes no value'],
    [['migrate', '310', 'kvm2', '--help', 'false'], '--help takes no value'],
    [['migrate', '310', 'kvm2', '-h=no'], '--help takes no value'],
    [['migrate', '310', 'kvm2', '-h0'], '--help takes no value'],
    [['check', '310', '--version='], '--version takes no value'],
    [['--config', 'x', 'check', '310'], 'check has to come first'],
    [['--dry-run', 'one-1', 'repair', 'one-2'], 'repair has to come first'],
    [['repair', '310', '--dryRun'], 'repair has no option dryRun'],
    [['check', '310', '--json=yes'], '--json takes no value'],
    [['check', '310', '--json=false'], '--json takes no value'],
    [['check', '310', '--json='], '--json takes no value'],
    [['check', '--all', '--all'], '--all was given more than once'],
    [['check', '310', '--json', '--json', '--json'], '--json was given more than once'],
    [['check', '310', '--config', 'a', '--config', 'b'], '--config was given more than once'],
    [['check', '310', '--config', 'a', '--config=a'], '--config was given more than once'],
    [['check', '310', '--config'], '--config needs a value'],
    [['check', '310', '--config', '-x'], '--config needs a value'],
    [['check', '310', '--config', '--', 'x'], '--config needs a value'],
    [['check', '310', '--destination', '--deep'], '--destination needs a value'],
    [['check', '310', '--config', ''], '--config needs a value'],
    [['check', '310', '--config='], '--config needs a value'],
    [['explain'], 'explain takes <domain>'],
    [['explain', '310', '311'], 'explain takes <domain>'],
    [['explain', '310', '--', '311'], 'explain takes <domain>'],
    [['explain', '310', '--deep'], 'explain has no option deep'],
    [['reset', '310', '311'], 'reset takes <domain|--all>'],
    [['migrate', '310'], 'migrate takes <domain> <destination>'],
    [['doctor', 'kvm1'], 'doctor takes no word'],
    [['audit', 'kvm1'], 'audit takes no word'],
    [['audit', '--hosts'], '--hosts needs a value'],
    [['relink', '/a', '/b', '/c'], 'relink takes <link> <target> | --map FILE | --undo JOURNAL'],
    [['hook', 'test'], 'hook takes test <pre-migrate | post-failure>'],
    [['hook', 'tset', 'pre-migrate'], 'hook takes test <pre-migrate | post-failure>'],
    [['hook', 'test', 'constructor'], 'hook takes test <pre-migrate | post-failure>'],
    [['host', '--json'], 'host has no option json'],
    [['host', 'x'], 'host takes no word'],
    [['completion', 'check', '310'], 'completion takes [bash | zsh]'],
    [
      ['reset', '310', '--strategy', 'luck'],
      'Invalid values: Argument: strategy, Given: "luck", Choices: "auto", "cont", "suspend-resume", "memory", "gdb"',
    ],
  ])('%j', async (argv, what) => {
    expect(await mistakeIn(argv)).toBe(what);
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

test('whatever is typed is read, answered, or refused as a mistake of the user', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...pieces), fc.array(anyWord), async (first, rest) => {
      const result = await parse([first, ...rest], verbs).catch((error: unknown) => error);
      if (result instanceof Error) expect(result).toBeInstanceOf(GuardError);
    }),
  );
});

test('behind -- any words are what was typed', async () => {
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
      expect(await answerTo(...argv)).toMatch(/^Usage: migrate-guard <verb> …\n/);
    },
  );

  test.each([[['check', '--help']], [['check', '310', '-h']], [['help', 'check']], [['--help', 'check']]])(
    '%j: the help of a verb',
    async (argv) => {
      expect(await answerTo(...argv)).toMatch(/^Usage: migrate-guard check <domain…\|--all>\n/);
    },
  );

  test.each([[['--version']], [['check', '310', '--version']]])('%j: the version', async (argv) => {
    expect(await answerTo(...argv)).toMatch(/^unbuilt\n/);
  });
});

describe.each(verbs.map((verb) => [verb.name, verb] as const))('%s', (_, verb) => {
  test('has a summary and examples that are well-formed command lines of its own', async () => {
    expect(verb.summary).not.toBe('');
    expect(verb.examples.length).toBeGreaterThan(0);
    for (const [example] of verb.examples) {
      const [program, ...argv] = example.replace(/ >.*/, '').split(' ');
      expect([program, (await lineOf(argv)).verb]).toEqual(['migrate-guard', verb.name]);
    }
  });

  test('explains each option, and hides none that every verb has', () => {
    for (const option of Object.values(verb.options)) expect(option.help).not.toBe('');
    expect(Object.keys(verb.options).filter((name) => name in everyVerb)).toEqual([]);
  });
});
