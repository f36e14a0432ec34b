import { parseArgs } from 'node:util';
import { everyVerb, type CommandLine, type Verb } from './verb';

/**
 * Reads a well-formed command line. `undefined` for everything else (a question for help, an unknown word or
 * option, a missing value): that is answered by usage.ts, which may be slow.
 */
export function parseCommandLine(
  argv: readonly string[],
  verbs: readonly Verb[],
): { verb: Verb; line: CommandLine } | undefined {
  const [name, ...args] = argv;
  const verb = verbs.find((candidate) => candidate.name === name);
  if (!verb) return undefined;
  const options = Object.fromEntries(
    Object.entries({ ...everyVerb, ...verb.options }).map(([option, { type }]) => [option, { type }]),
  );
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true });
    if (!hasItsWords(verb, positionals, values['all'] === true)) return undefined;
    const line: CommandLine = {
      words: positionals,
      flag: (option) => values[option] === true,
      value: (option) => {
        const value = values[option];
        return typeof value === 'string' ? value : undefined;
      },
    };
    return { verb, line };
  } catch {
    return undefined;
  }
}

function hasItsWords({ words }: Verb, given: readonly string[], all: boolean): boolean {
  if (given.includes('')) return false;
  // A verb with several forms tells them apart itself.
  if (words.includes(' | ')) return true;
  const wanted = words.match(/<[^>]+>/g) ?? [];
  if (words.includes('…')) return all ? given.length === 0 : given.length > 0;
  return given.length === wanted.length;
}
