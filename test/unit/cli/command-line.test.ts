import { parseCommandLine } from '../../../src/cli/command-line';
import { everyVerb } from '../../../src/cli/verb';
import { verbs } from '../../../src/cli/verbs';

describe('a well-formed command line', () => {
  test('has its words, flags and values', () => {
    const argv = ['check', 'one-310', '--deep', '--destination', 'kvm2', '311', '--config=/etc/x.yaml'];
    const { verb, line } = parseCommandLine(argv, verbs) ?? {};
    expect(verb?.name).toBe('check');
    expect(line?.words).toEqual(['one-310', '311']);
    expect(['deep', 'json', 'all'].map((name) => line?.flag(name))).toEqual([true, false, false]);
    expect(['destination', 'config'].map((name) => line?.value(name))).toEqual(['kvm2', '/etc/x.yaml']);
  });

  test.each([
    [['check', '--all']],
    [['check', '310', '--json', '--verbose']],
    [['check', '--', '--looks-like-an-option']],
    [['explain', '310']],
  ])('%j', (argv) => {
    expect(parseCommandLine(argv, verbs)).toBeDefined();
  });
});

describe('anything else is left to usage', () => {
  test.each([
    [[]],
    [['']],
    [['chek', '310']],
    [['--help']],
    [['check']],
    [['check', '']],
    [['check', '310', '']],
    [['check', '--all', '310']],
    [['check', '310', '--nonsense']],
    [['check', '310', '--config']],
    [['check', '310', '--json=yes']],
    [['check', '310', '-x']],
    [['explain']],
    [['explain', '310', '311']],
    [['explain', '310', '--deep']],
    [['__proto__']],
    [['constructor']],
  ])('%j', (argv) => {
    expect(parseCommandLine(argv, verbs)).toBeUndefined();
  });
});

describe.each(verbs.map((verb) => [verb.name, verb] as const))('%s', (_, verb) => {
  test('has a summary and examples that are well-formed command lines of its own', () => {
    expect(verb.summary).not.toBe('');
    expect(verb.examples.length).toBeGreaterThan(0);
    for (const [example] of verb.examples) {
      const [program, ...argv] = example.split(' ');
      expect([program, parseCommandLine(argv, verbs)?.verb.name]).toEqual(['migrate-guard', verb.name]);
    }
  });

  test('explains each option, and hides none that every verb has', () => {
    for (const option of Object.values(verb.options)) expect(option.help).not.toBe('');
    expect(Object.keys(verb.options).filter((name) => name in everyVerb)).toEqual([]);
  });
});
