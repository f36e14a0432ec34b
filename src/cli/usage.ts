import { exitCodes } from '../core/exit-codes';
import { nearest } from '../core/nearest';
import { fingerprint } from './fingerprint';
import { optionsOf, type Verb } from './verb';
import { verbs } from './verbs';

export const purpose = 'Keeps live migrations from failing when disk paths changed behind a running QEMU.';

const statuses = Object.values(exitCodes)
  .map(({ status, meaning }) => `  ${String(status).padStart(2)}  ${meaning}`)
  .join('\n');

/**
 * Answers what is no plain command: --help and --version on stdout, a mistake on stderr with the way out.
 * Gives the exit status.
 */
export async function answerUsage(argv: readonly string[]): Promise<number> {
  const { default: yargs } = await import('yargs');
  const parser = yargs([...argv])
    .scriptName('migrate-guard')
    .usage(`Usage: $0 <verb> …\n\n${purpose}`)
    .version(fingerprint())
    .help()
    .strict()
    .demandCommand(1, 'No verb was given.')
    .wrap(Math.min(110, process.stdout.columns || 110))
    .epilogue(`Exit status:\n${statuses}\nA mover's own failure keeps its own status.`)
    .exitProcess(false);
  for (const verb of verbs) {
    parser.command(
      `${verb.name} ${positionals(verb)}`.trim(),
      verb.summary,
      (command) => {
        command.usage(`Usage: $0 ${`${verb.name} ${verb.words}`.trim()}\n\n${verb.summary}`);
        for (const [name, option] of Object.entries(optionsOf(verb))) {
          command.option(name, {
            type: option.type,
            describe: option.value === undefined ? option.help : `${option.value}: ${option.help}`,
            requiresArg: option.type === 'string',
          });
        }
        // Not command.example(): its two columns break a long command in the middle.
        const examples = verb.examples.map(([line, what]) => `  ${line}\n      ${what}`);
        command.epilogue(`Examples:\n${examples.join('\n')}`);
      },
      () => undefined,
    );
  }
  return new Promise((resolve) => {
    void parser.parse([...argv], {}, (error: Error | undefined, _: unknown, output: string) => {
      if (!error && output !== '') {
        process.stdout.write(`${output}\n`);
        resolve(exitCodes.ok.status);
        return;
      }
      const what = unknownVerb(argv) ?? mistakeIn(argv) ?? error?.message ?? 'That is no command.';
      process.stderr.write(`migrate-guard: ${what.trim()}\nSee migrate-guard ${verbOf(argv)}--help.\n`);
      resolve(exitCodes.usage.status);
    });
  });
}

function positionals({ words }: Verb): string {
  if (words.includes('--all')) return '[domain..]';
  return words.includes(' | ') ? '[words..]' : words;
}

function verbOf(argv: readonly string[]): string {
  const verb = verbs.find(({ name }) => name === argv[0]);
  return verb ? `${verb.name} ` : '';
}

/** yargs' own suggestion (recommendCommands) is never heard next to strict(). */
function unknownVerb([word]: readonly string[]): string | undefined {
  const names = verbs.map(({ name }) => name);
  if (word === undefined || word === '' || word.startsWith('-') || names.includes(word)) return undefined;
  return `There is no verb ${JSON.stringify(word)}. Did you mean ${nearest(word, names) ?? ''}?`;
}

/** yargs' own words are of parsers: "Not enough non-option arguments: got 1, need at least 2". */
function mistakeIn([name, ...args]: readonly string[]): string | undefined {
  const verb = verbs.find((candidate) => candidate.name === name);
  if (!verb) return undefined;
  const options = optionsOf(verb);
  for (const [index, word] of args.entries()) {
    if (word === '--') break;
    if (word === '-' || !word.startsWith('-')) continue;
    const [written = '', ...given] = word.split('=');
    const key = written.slice(2);
    const option = written.startsWith('--') && Object.hasOwn(options, key) ? options[key] : undefined;
    if (!option) return `${verb.name} has no option ${written}.`;
    if (option.type === 'boolean' && given.length > 0) return `${written} takes no value.`;
    if (option.type === 'string' && given.length === 0) {
      const next = args[index + 1];
      if (next === undefined || (next.startsWith('-') && next !== '-'))
        return `${written} needs a value: ${written} ${option.value ?? ''}`.trimEnd() + '.';
    }
  }
  return `${verb.name} takes ${verb.words || 'no word'}.`;
}
