import { aboutDomains, sentence, whoTakes } from './man-page';
import { everyVerb, purpose, type Option, type Command } from './command';

/** docs/commands.md: the help of all verbs. */
export function commandsPage(verbs: readonly Command[]): string {
  const parts = [
    '<!-- Made from src/commands by `npm run docs`. -->\n\n# The command line',
    purpose,
    aboutDomains,
    'The command comes first. Give an option once, as `--option VALUE` or `--option=VALUE`; after `--` nothing is an option.',
    whoTakes(verbs),
    list(everyVerb),
    ...verbs.flatMap(({ name, words, summary, options, examples }) => [
      `## ${name}\n\n\`migrate-guard ${`${name} ${words}`.trim()}\``,
      sentence(summary),
      list(options),
      ['```console', ...examples.map(([line, what]) => `# ${line}    # ${what}`), '```'].join('\n'),
    ]),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function list(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, { value, help }]) => `- \`--${name}${value === undefined ? '' : ` ${value}`}\`: ${help}`)
    .join('\n');
}
