import type { Argv } from 'yargs';
import { GuardError } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import { optionsOf, purpose, wordAt, type CommandLine, type Command } from './command';
import { completions } from './complete';
import { fingerprint, version } from './version';

/** What is to be done, or what yargs answers by itself: help, version, completion. */
export type Parsed = { readonly verb: Command; readonly line: CommandLine } | { readonly answer: string };

/** What yargs leaves of a command line, once it has been found right. */
type Arguments = Readonly<Record<string, unknown>> & { readonly _: readonly (string | number)[] };

/** A word stays the word that was typed: https://github.com/yargs/yargs-parser#configuration. */
const configuration = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'boolean-negation': false,
  'camel-case-expansion': false,
};

const messages = {
  'Did you mean %s?': 'there is no such verb: did you mean %s?',
  'Not enough arguments following: %s': '--%s needs a value',
  'Argument unexpected for: %s': '--%s takes no value',
};

/**
 * What yargs takes for an option that was declared: the names that it fills in by itself (17.7.2, validation.js,
 * specialKeys), and `--all` with a line feed and more behind it (yargs-parser 21.1.1: its `.` ends there).
 */
const odd = /^-(-?(_|\$0)(=|$)|[^=]*\n)/;

/** As yargs' script for the shell asks. */
const completionQuestion = '--get-yargs-completions';

/** Reads a command line with yargs. @throws GuardError for one that is wrong. */
export async function parse(argv: readonly string[], verbs: readonly Command[]): Promise<Parsed> {
  if (argv[0] === 'help') return parse([...argv.slice(1), '--help'], verbs);
  const { default: yargs } = await import('yargs/yargs');
  let see = '';
  const fail = (what: string): never => {
    throw new GuardError('usage', what.replace(/\n\s*/g, ' '), `see migrate-guard ${see}--help`);
  };
  // Of the working directory, which may be gone, nothing is wanted.
  const parser = yargs([...argv], '/')
    .scriptName('migrate-guard')
    .updateStrings(messages)
    .updateStrings(unknown('there is no verb or option %s'))
    .usage(`Usage: $0 <verb> …\n\n${purpose}`)
    .epilogue(`Exit status:\n${statuses}\nA mover's own failure keeps its own status.`)
    .wrap(Math.min(110, process.stdout.columns || 110))
    .parserConfiguration(configuration)
    .alias('help', 'h')
    .strict()
    .recommendCommands()
    .demandCommand(1, 'no verb was given')
    .exitProcess(false)
    .fail((message, error) => fail(message || error.message));
  // yargs takes a last word `help` for --help, and a domain may be called so.
  if (argv.includes('help') && parser.parseSync([...argv], true as never)['help'] !== true)
    parser.help(false);
  // Once, as reading all of the program takes its time.
  parser.version(argv.includes('--version') ? fingerprint() : version());
  if (argv[0] === completionQuestion) {
    const { config } = parser.parseSync([...argv], true as never);
    // yargs wants a command that prints the script as well; ours is a verb (verbs/completion.ts).
    parser.completion(argv[0], false, await completions(config, argv, verbs));
  }
  let parsed: Parsed | undefined;
  const isRead = new Error('the command line is read');
  for (const verb of verbs)
    parser.command(
      verb.name,
      verb.summary,
      (command) => {
        see = `${verb.name} `;
        describe(command, verb);
      },
      (given) => {
        // In front of it yargs does not know its options, and may take a word for the value of a flag.
        if (argv[0] !== verb.name) fail(`${verb.name} has to come first`);
        parsed = { verb, line: lineOf(given) };
        // Else yargs goes on to lay out the help, in half of the time that all this takes (command.js, cacheHelpMessage).
        throw isRead;
      },
    );
  const misplaced = optionFirst(argv) ? verbs.find(({ name }) => argv.includes(name)) : undefined;
  if (misplaced) fail(`${misplaced.name} has to come first`);
  const end = argv.indexOf('--');
  const unfit = argv.slice(0, end < 0 ? argv.length : end).find((word) => odd.test(word));
  if (unfit !== undefined) fail(`there is no option ${unfit}`);
  try {
    parser.parseSync([...argv], {}, (_error, _given, answer) => {
      parsed = { answer };
    });
  } catch (error) {
    if (error !== isRead) throw error;
  }
  // Silence must not pass for a success; only where nothing is to be offered it is an answer.
  const isSilent = parsed === undefined || ('answer' in parsed && parsed.answer === '');
  return isSilent && argv[0] !== completionQuestion ? fail('no verb was given') : (parsed ?? { answer: '' });
}

/** Behind it yargs takes the verb for a value, or, behind a lone `--`, does nothing and is content. */
function optionFirst([first = '']: readonly string[]): boolean {
  return first.startsWith('-') && !['--help', '-h', '--version', completionQuestion].includes(first);
}

/**
 * What yargs has to know of a verb. Its words are those of `_`, not yargs' positionals (`check [domain..]`): these are
 * options, too (`--domain x`), and lose a lone `-` and what stands behind `--` (17.7.2, command.js, populatePositionals).
 */
function describe(command: Argv, verb: Command): void {
  const { name, words, takes, summary } = verb;
  // Not command.example(): its two columns break a long command in the middle.
  const examples = verb.examples.map(([line, what]) => `  ${line}\n      ${what}`);
  command
    .usage(`Usage: $0 ${`${name} ${words}`.trim()}\n\n${summary}`)
    .epilogue(`Examples:\n${examples.join('\n')}`)
    .updateStrings(unknown(`${name} has no option %s`))
    .strict(false)
    .strictOptions()
    .demandCommand('all' in verb.options ? 0 : takes.least, takes.most, wrongWords(verb), wrongWords(verb))
    .check((given) => mistakeIn(given, verb) ?? true);
  declare(command, optionsOf(verb));
}

/** As in yargs' locales/en.json; its types know no plural. */
function unknown(text: string): Record<string, string> {
  return { 'Unknown argument: %s': { one: text, other: text } } as never;
}

/**
 * An option that may be given once: of two yargs makes an array, but for its type `boolean`, which would take the last. A
 * flag has no type, therefore, and 0 values.
 */
function declare(parser: Argv, options: Command['options']): void {
  for (const [name, { value, help, choices }] of Object.entries(options))
    parser.option(name, {
      ...(value === undefined ? { nargs: 0 } : { type: 'string', requiresArg: true }),
      ...(choices ? { choices } : {}),
      describe: value === undefined ? help : `${value}: ${help}`,
    });
}

/** What yargs has no rule for. */
function mistakeIn(given: Arguments, verb: Command): string | undefined {
  for (const option of Object.keys(optionsOf(verb))) {
    if (Array.isArray(given[option])) return `--${option} was given more than once`;
    if (given[option] === '') return `--${option} needs a value`;
  }
  // yargs has passed over it, as false, and would go on: `--help=x`, `--version false`.
  for (const answer of ['help', 'version']) if (given[answer] === false) return `--${answer} takes no value`;
  const typed = wordsOf(given);
  const isOther = (word: string, index: number): boolean => {
    const known = wordAt(verb, index);
    return word === '' || (typeof known === 'object' && !known.includes(word));
  };
  const isBoth = 'all' in verb.options && (given['all'] === undefined) === (typed.length === 0);
  return isBoth || typed.some(isOther) ? wrongWords(verb) : undefined;
}

function wrongWords({ name, words }: Command): string {
  return `${name} takes ${words || 'no word'}`;
}

function lineOf(given: Arguments): CommandLine {
  return {
    words: wordsOf(given),
    flag: (option) => given[option] === true,
    value: (option) => (typeof given[option] === 'string' ? given[option] : undefined),
  };
}

/** `_` begins with the verb. */
function wordsOf({ _: [, ...words] }: Arguments): string[] {
  return words.map(String);
}

const statuses = Object.values(exitCodes)
  .map(({ status, meaning }) => `  ${String(status).padStart(2)}  ${meaning}`)
  .join('\n');
