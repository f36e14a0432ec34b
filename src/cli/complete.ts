import { readdirSync, statSync } from 'node:fs';
import type { FallbackCompletionFunction } from 'yargs';
import { defaultSettings, type Settings } from '../config/settings';
import { readSettings } from '../config/read';
import { optionsOf, wordAt, type Command, type Word } from './command';

/**
 * The script with which a shell asks the program (--get-yargs-completions) at each TAB. `program`: its path; the completed
 * command has the name of that file.
 */
export async function completionScript(shell?: string, program = 'migrate-guard'): Promise<string> {
  // yargs reads the shell from these.
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
 * Adds the domains to yargs' completions. For a file, or any other value, nothing is offered, and the shell then offers
 * files. `config`: the value of `--config`.
 */
export async function completions(
  config: unknown,
  argv: readonly string[],
  verbs: readonly Command[],
): Promise<FallbackCompletionFunction> {
  const names = await domainNames(config);
  return (current, given: { readonly _: readonly string[] }, byYargs, done) => {
    // The program comes first, and the incomplete word last.
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

/** The value that has to follow this word, if it is an option with a value. */
function valueOf(verb: Command, before: string): Word | undefined {
  const option = before.startsWith('--') ? optionsOf(verb)[before.slice(2)] : undefined;
  return option?.value !== undefined ? (option.choices ?? 'file') : undefined;
}

/** From libvirt's status files; none if they cannot be read. */
async function domainNames(config: unknown): Promise<string[]> {
  const { libvirt } = await settingsFor(config).catch(() => defaultSettings);
  try {
    const files = readdirSync(libvirt.stateDirectory).filter((file) => file.endsWith('.xml'));
    return files.map((file) => file.slice(0, -'.xml'.length)).filter(isPlain);
  } catch {
    return [];
  }
}

/** Only a regular file is read: a pipe would block the shell until it is written to. */
async function settingsFor(config: unknown): Promise<Settings> {
  if (typeof config !== 'string') return readSettings(undefined);
  return statSync(config).isFile() ? readSettings(config) : defaultSettings;
}

/** bash evaluates the offers of yargs' script (compgen -W), and a domain may be called `$(reboot)`. */
function isPlain(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/.test(name);
}
