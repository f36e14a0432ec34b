import { exitCodes } from '../core/exit-codes';
import { everyVerb, purpose, type Option, type Verb } from './verb';

/** docs/commands.md: what the help says, on one page. */
export function commandsPage(verbs: readonly Verb[]): string {
  const bare = verbs.filter(({ isBare }) => isBare).map(({ name }) => `\`${name}\``);
  const parts = [
    '<!-- Made from src/cli/verbs by `npm run docs`. -->',
    '# The command line',
    purpose,
    'A domain is a running virtual machine of libvirt. It is named `one-310`, `310` or by its UUID; a libvirt name that is something else works, too. ' +
      'The verb comes first. An option is given once, `--option VALUE` or `--option=VALUE`; behind `--` everything is a word.',
    `Every verb but ${bare.join(' and ')} takes these options, and every verb \`--help\` and \`--version\`:`,
    list(everyVerb),
    ...verbs.flatMap(describe),
    '## Exit status',
    Object.values(exitCodes)
      .map(({ status, meaning }) => `- \`${status}\`: ${meaning}`)
      .join('\n'),
    "A mover's own failure keeps its own status.",
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function describe({ name, words, summary, options, examples }: Verb): string[] {
  return [
    `## ${name}`,
    `\`migrate-guard ${`${name} ${words}`.trim()}\``,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}${/[.?!]$/.test(summary) ? '' : '.'}`,
    list(options),
    ['```console', ...examples.flatMap(([line, what]) => [`# ${line}    # ${what}`]), '```'].join('\n'),
  ];
}

function list(options: Readonly<Record<string, Option>>): string {
  const lines = Object.entries(options).map(
    ([name, { value, help }]) => `- \`--${name}${value === undefined ? '' : ` ${value}`}\`: ${help}`,
  );
  return lines.join('\n');
}
