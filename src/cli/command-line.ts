import { optionsOf, type CommandLine, type Form } from './verb';

/**
 * Reads a well-formed command line. `undefined` for everything else (a question for help, an unknown word or
 * option, a missing value): that is answered by usage.ts, which may be slow.
 */
export function parseCommandLine<V extends Omit<Form, 'run'>>(
  argv: readonly string[],
  verbs: readonly V[],
): { verb: V; line: CommandLine } | undefined {
  const [name, ...args] = argv;
  const verb = verbs.find((candidate) => candidate.name === name);
  if (!verb) return undefined;
  const given = readOptions(args, optionsOf(verb));
  if (!given || !hasItsWords(verb, given.words, given.values.has('all'))) return undefined;
  const { words, values } = given;
  return {
    verb,
    line: { words, flag: (option) => values.has(option), value: (option) => values.get(option) },
  };
}

/**
 * As parseArgs of Node reads them (strict; `--` ends the options), which costs a tenth of a check to load. The
 * value of a flag is `''`.
 */
function readOptions(
  args: readonly string[],
  options: Form['options'],
): { words: string[]; values: ReadonlyMap<string, string> } | undefined {
  const words: string[] = [];
  const values = new Map<string, string>();
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (word === '--') return { words: [...words, ...args.slice(index + 1)], values };
    if (word === '-' || !word.startsWith('-')) {
      words.push(word);
      continue;
    }
    const cut = word.indexOf('=');
    const name = word.slice(2, cut < 0 ? undefined : cut);
    const type = word.startsWith('--') && Object.hasOwn(options, name) ? options[name]?.type : undefined;
    if (type === undefined || (type === 'boolean' && cut >= 0)) return undefined;
    let value = cut < 0 ? '' : word.slice(cut + 1);
    if (type === 'string' && cut < 0) {
      index += 1;
      const next = args[index];
      // What looks like an option is none's value, unless it stands behind an equals sign.
      if (next === undefined || (next.startsWith('-') && next !== '-')) return undefined;
      value = next;
    }
    values.set(name, value);
  }
  return { words, values };
}

function hasItsWords({ words }: Pick<Form, 'words'>, given: readonly string[], all: boolean): boolean {
  if (given.includes('')) return false;
  // A verb with several forms tells them apart itself.
  if (words.includes(' | ')) return true;
  const wanted = words.match(/<[^>]+>/g) ?? [];
  if (all) return given.length === 0;
  if (words.includes('…')) return given.length > 0;
  return given.length === wanted.length;
}
