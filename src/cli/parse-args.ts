import type { Argv } from 'yargs';
import { GuardError } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import { textOf } from '../messages';
import { optionsOf, purpose, wordAt, type CommandLine, type Command } from './command';
import { completions } from './complete';
import { fingerprint } from './fingerprint';
import { version } from './version';

/** A command to run; or an answer that yargs has made: help, version, completion. */
type Parsed = { readonly verb: Command; readonly line: CommandLine } | { readonly answer: string };

/** A valid command line as yargs returns it. */
type Arguments = Readonly<Record<string, unknown>> & { readonly _: readonly (string | number)[] };

/** Words and values must not change: https://github.com/yargs/yargs-parser#configuration. */
const configuration = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
  'boolean-negation': false,
  'camel-case-expansion': false,
};

/** yargs' texts (locales/en.json), with its own placeholder. */
const yargsTexts = {
  'Did you mean %s?': textOf('nearest-verb', { nearest: '%s' }),
  'Not enough arguments following: %s': textOf('option-without-value', { option: '%s' }),
  'Argument unexpected for: %s': textOf('option-with-value', { option: '%s' }),
};

/**
 * Words that yargs wrongly accepts as declared options: the names of its own keys (17.7.2, validation.js, specialKeys), and
 * `--all` with a line feed and more after it (yargs-parser 21.1.1, whose `.` does not match a line feed).
 */
const malformed = /^-(-?(_|\$0)(=|$)|[^=]*\n)/;

/** The option with which yargs' shell script asks for completions. */
const completionQuestion = '--get-yargs-completions';

/** Reads a command line with yargs. @throws GuardError for an invalid one */
export async function parse(argv: readonly string[], verbs: readonly Command[]): Promise<Parsed> {
  if (argv[0] === 'help') return parse([...argv.slice(1), '--help'], verbs);
  let described: string | undefined;
  const fail: Fail = (what) => {
    const remedy =
      described === undefined ? textOf('see-help') : textOf('see-verb-help', { verb: described });
    throw new GuardError('usage', what.replace(/\n\s*/g, ' '), remedy);
  };
  const parser = await createParser(argv, fail);
  if (argv[0] === completionQuestion) await offerCompletions(parser, argv, verbs);
  let parsed: Parsed | undefined;
  const isRead = new Error('the command line is read');
  for (const verb of verbs)
    parser.command(
      verb.name,
      verb.summary,
      (command) => {
        described = verb.name;
        describe(command, verb);
      },
      (given) => {
        // yargs does not know a verb's options before the verb, and may take a word as the value of a flag.
        if (argv[0] !== verb.name) fail(textOf('verb-not-first', { verb: verb.name }));
        parsed = { verb, line: lineOf(given) };
        // Otherwise yargs lays out the help, which takes as long as all the rest (command.js, cacheHelpMessage).
        throw isRead;
      },
    );
  refuseMisplaced(argv, verbs, fail);
  try {
    parser.parseSync([...argv], {}, (_error, _given, answer) => {
      parsed = { answer };
    });
  } catch (error) {
    if (error !== isRead) throw error;
  }
  // No output must not count as success; only a completion without offers is an empty answer.
  const isSilent = parsed === undefined || ('answer' in parsed && parsed.answer === '');
  return isSilent && argv[0] !== completionQuestion ? fail(textOf('no-verb')) : (parsed ?? { answer: '' });
}

/** Throws a mistake of the command line. */
type Fail = (what: string) => never;

/** yargs with our texts and settings, without verbs. */
async function createParser(argv: readonly string[], fail: Fail): Promise<Argv> {
  const { default: yargs } = await import('yargs/yargs');
  // Not the working directory, which may have been removed.
  const parser = yargs([...argv], '/')
    .scriptName('migrate-guard')
    .updateStrings(yargsTexts)
    .updateStrings(textOfUnknown(textOf('verb-not-known', { word: '%s' })))
    .usage(`Usage: $0 <command> …\n\n${purpose}`)
    .epilogue(`Exit status:\n${statuses}\nA mover's own failure keeps its own status.`)
    .wrap(Math.min(110, process.stdout.columns || 110))
    .parserConfiguration(configuration)
    .alias('help', 'h')
    .strict()
    .recommendCommands()
    .demandCommand(1, textOf('no-verb'))
    .exitProcess(false)
    .fail((message, error) => fail(message || error.message));
  // yargs takes a last word `help` as --help, and a domain may have that name.
  if (argv.includes('help') && parser.parseSync([...argv], true as never)['help'] !== true)
    parser.help(false);
  // The fingerprint reads the whole program file.
  parser.version(argv.includes('--version') ? fingerprint() : version());
  return parser;
}

/** `false`: the script is printed by a verb (commands/completion.ts), not by a command of yargs. */
async function offerCompletions(
  parser: Argv,
  argv: readonly string[],
  verbs: readonly Command[],
): Promise<void> {
  const { config } = parser.parseSync([...argv], true as never);
  parser.completion(completionQuestion, false, await completions(config, argv, verbs));
}

/** Refuses what yargs would misunderstand without an error. */
function refuseMisplaced(argv: readonly string[], verbs: readonly Command[], fail: Fail): void {
  const misplaced = optionFirst(argv) ? verbs.find(({ name }) => argv.includes(name)) : undefined;
  if (misplaced) fail(textOf('verb-not-first', { verb: misplaced.name }));
  const end = argv.indexOf('--');
  const unfit = argv.slice(0, end < 0 ? argv.length : end).find((word) => malformed.test(word));
  if (unfit !== undefined) fail(textOf('option-malformed', { option: unfit }));
}

/** After an option yargs takes the verb as its value; after a single `--` it does nothing and reports no error. */
function optionFirst([first = '']: readonly string[]): boolean {
  return first.startsWith('-') && !['--help', '-h', '--version', completionQuestion].includes(first);
}

/**
 * Declares a verb to yargs. Its words are those of `_`, not yargs' positionals (`check [domain..]`): these are options, too
 * (`--domain x`), and lose a single `-` and all words after `--` (17.7.2, command.js, populatePositionals).
 */
function describe(command: Argv, verb: Command): void {
  const { name, words, takes, summary } = verb;
  // Not command.example(), whose two columns break a long command.
  const examples = verb.examples.map(([line, what]) => `  ${line}\n      ${what}`);
  command
    .usage(`Usage: $0 ${`${name} ${words}`.trim()}\n\n${summary}`)
    .epilogue(`Examples:\n${examples.join('\n')}`)
    .updateStrings(textOfUnknown(textOf('option-not-known', { verb: name, option: '%s' })))
    .strict(false)
    .strictOptions()
    .demandCommand('all' in verb.options ? 0 : takes.least, takes.most, wrongWords(verb), wrongWords(verb))
    .check((given) => mistakeIn(given, verb) ?? true);
  declare(command, optionsOf(verb));
}

/** As in yargs' locales/en.json; its types have no plural. */
function textOfUnknown(text: string): Record<string, string> {
  return { 'Unknown argument: %s': { one: text, other: text } } as never;
}

/**
 * An option may be given once: if it occurs twice, yargs returns an array, but not for its type `boolean`, where the last
 * one counts. Therefore a flag has no type, and 0 values.
 */
function declare(parser: Argv, options: Command['options']): void {
  for (const [name, { value, help }] of Object.entries(options))
    parser.option(name, {
      ...(value === undefined ? { nargs: 0 } : { type: 'string', requiresArg: true }),
      describe: value === undefined ? help : `${value}: ${help}`,
    });
}

/** Mistakes for which yargs has no rule, or no text of ours. */
function mistakeIn(given: Arguments, verb: Command): string | undefined {
  for (const [option, { choices }] of Object.entries(optionsOf(verb))) {
    const value = given[option];
    if (Array.isArray(value)) return textOf('option-twice', { option });
    if (value === '') return textOf('option-without-value', { option });
    if (choices && typeof value === 'string' && !choices.includes(value))
      return textOf('value-not-allowed', {
        option,
        choices: choices.join(', '),
        value: JSON.stringify(value),
      });
  }
  // yargs takes `--help=x` and `--version false` as absent.
  for (const option of ['help', 'version'])
    if (given[option] === false) return textOf('option-with-value', { option });
  const typed = wordsOf(given);
  const isOther = (word: string, index: number): boolean => {
    const known = wordAt(verb, index);
    return word === '' || (typeof known === 'object' && !known.includes(word));
  };
  const isBoth = 'all' in verb.options && (given['all'] === undefined) === (typed.length === 0);
  return isBoth || typed.some(isOther) ? wrongWords(verb) : undefined;
}

function wrongWords({ name, words }: Command): string {
  return words === '' ? textOf('words-none', { verb: name }) : textOf('words-wrong', { verb: name, words });
}

function lineOf(given: Arguments): CommandLine {
  return {
    words: wordsOf(given),
    flag: (option) => given[option] === true,
    value: (option) => (typeof given[option] === 'string' ? given[option] : undefined),
  };
}

/** The first word of `_` is the verb. */
function wordsOf({ _: [, ...words] }: Arguments): string[] {
  return words.map(String);
}

const statuses = Object.values(exitCodes)
  .map(({ status, meaning }) => `  ${String(status).padStart(2)}  ${meaning}`)
  .join('\n');
