import { checkLayout, memberNames, symbolNames, type Layout } from './memory-layout';
import type { Unknown } from '../../core/unknown';

/** gdb commands that print each variable and member as `symbol NAME NUMBER` or `member NAME NUMBER`. */
export function layoutQuestions(): string[] {
  const ask = (kind: string, name: string, expression: string): string =>
    `printf "${kind} ${name} %lu\\n", (unsigned long)${expression}`;
  return [
    'set language c',
    ...symbolNames.map((name) => ask('symbol', name, `&${name}`)),
    ...memberNames.map((name) => {
      const [structure, member] = name.split('.');
      return ask('member', name, `&((struct ${structure ?? ''} *)0)->${member ?? ''}`);
    }),
    'ptype enum RunState',
    'ptype enum MigrationStatus',
  ];
}

/** The layout in gdb's answers to {@link layoutQuestions}; unknown unless it is complete and valid. */
export function layoutFrom(answers: string, build: Pick<Layout, 'buildId' | 'binary'>): Layout | Unknown {
  return checkLayout({
    version: 1,
    ...build,
    symbols: values(answers, 'symbol'),
    members: values(answers, 'member'),
    runStates: enumeration(answers, 'RunState', 'RUN_STATE_'),
    migrationStatuses: enumeration(answers, 'MigrationStatus', 'MIGRATION_STATUS_'),
  });
}

function values(answers: string, kind: string): Record<string, number> {
  const found = answers.matchAll(new RegExp(`^${kind} (\\S+) (\\d+)$`, 'gm'));
  return Object.fromEntries([...found].map(([, name, number]) => [name ?? '', Number(number)]));
}

/** Reads `type = enum RunState {RUN_STATE_DEBUG, RUN_STATE_INMIGRATE = 1, …}` as names at their numbers. */
function enumeration(answers: string, name: string, prefix: string): string[] {
  const body = new RegExp(`^type = enum ${name} (?:: .*)?\\{(.*)\\}$`, 'm').exec(answers)?.[1] ?? '';
  const names: string[] = [];
  for (const entry of body.split(',')) {
    const [word = '', number] = entry.split('=').map((part) => part.trim());
    if (!word.startsWith(prefix) || word.endsWith('__MAX')) continue;
    if (number !== undefined && Number(number) !== names.length) return [];
    names.push(word.slice(prefix.length).toLowerCase().replaceAll('_', '-'));
  }
  return names;
}
