import { readdirSync } from 'node:fs';
import type { FallbackCompletionFunction } from 'yargs';
import { defaultSettings } from '../config/settings';
import { readSettings } from '../config/read';
import { optionsOf, wordAt, type Command, type Word } from './command';

/**
 * What a shell has to read once, so that it asks the program (--get-yargs-completions) at each TAB. `program`: how to start
 * that; the command has the name of the file.
 */
export async function completionScript(shell?: string, program = 'migrate-guard'): Promise<string> {
  // yargs asks these for the shell.
  if (shell !== undefined) Object.assign(process.env, { SHELL: shell, ZSH_NAME: '' });
  const { default: yargs } = await import('yargs/yargs');
  let script = '';
  yargs([], '/')
    .scriptName(program)
    .detectLocale(false)
    .completion()
    .parseSync(['completion'], {}, (_error, _given, output) => {
      script = output;
    });
  return script;
}

/**
 * What yargs does not know: the domains. Where it is the turn of a file, or of anything that nobody can guess, nothing is
 * offered, and the shell then offers files. `config`: the configuration that the line names.
 */
export async function completions(
  config: unknown,
  argv: readonly string[],
  verbs: readonly Command[],
): Promise<FallbackCompletionFunction> {
  const names = await domainNames(config);
  return (current, given: { readonly _: readonly string[] }, byYargs, done) => {
    // Before them stands the program, and behind them the one that was begun.
    const [, name, ...words] = given._.map(String);
    const verb = verbs.find((candidate) => candidate.name === name);
    const isOption = !verb || current.startsWith('-');
    const wanted = isOption
      ? undefined
      : (valueOf(verb, argv.at(-2) ?? '') ?? wordAt(verb, words.length - 1));
    if (wanted === undefined) byYargs();
    else if (wanted === 'domain') done(names);
    else done(typeof wanted === 'string' ? [] : [...wanted]);
  };
}

/** What has to stand behind this word, if that is an option with a value. */
function valueOf(verb: Command, before: string): Word | undefined {
  const option = before.startsWith('--') ? optionsOf(verb)[before.slice(2)] : undefined;
  return option?.value !== undefined ? (option.choices ?? 'file') : undefined;
}

/** libvirt keeps a file for each domain; nothing is started for them, and where they cannot be read there are none. */
async function domainNames(config: unknown): Promise<string[]> {
  const settings = await readSettings(typeof config === 'string' ? config : undefined).catch(
    () => defaultSettings,
  );
  try {
    const files = readdirSync(settings.libvirt.stateDirectory).filter((file) => file.endsWith('.xml'));
    return files.map((file) => file.slice(0, -'.xml'.length)).filter(isPlain);
  } catch {
    return [];
  }
}

/** yargs' script has bash evaluate what it is offered (compgen -W), and a domain may be called `$(reboot)`. */
function isPlain(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/.test(name);
}
