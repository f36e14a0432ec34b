import { basename } from 'node:path';
import { GuardError } from '../core/errors';
import { isUnknown } from '../core/facts';
import { checkLayout, memberNames, symbolNames, type Layout } from '../core/qemu-layout';
import { run } from './command';
import { readElf } from './elf';

/** With debuginfod, debug information of some 100 MB comes over the network first. */
const deadline = 600_000;

/**
 * Reads the layout of a QEMU build from its debug information, by a gdb that is attached to nothing. gdb finds
 * it in the program, or below /usr/lib/debug by the build-id, or, where DEBUGINFOD_URLS is set, by debuginfod.
 * @throws GuardError
 */
export async function readDwarf(binary: string, debugFile: string | undefined): Promise<Layout> {
  const elf = readElf(binary);
  if (isUnknown(elf))
    throw new GuardError('problem', `${basename(binary)}: ${elf.unknown}`, 'name the QEMU program');
  if (debugFile !== undefined) {
    const other = readElf(debugFile);
    const found = isUnknown(other) ? other.unknown : other.buildId;
    if (found !== elf.buildId) {
      throw new GuardError(
        'problem',
        `${debugFile} is not the debug information of ${binary}: ${found} instead of build-id ${elf.buildId}`,
        'install the debug package of exactly this version',
      );
    }
  }
  const online = (process.env['DEBUGINFOD_URLS'] ?? '') !== '';
  const questions = [
    ...symbolNames.map((name) => ['symbol', name, `&${name}`] as const),
    ...memberNames.map((name) => {
      const [structure, member] = name.split('.');
      return ['member', name, `&((struct ${structure ?? ''} *)0)->${member ?? ''}`] as const;
    }),
  ];
  const result = await run(
    [
      'gdb',
      '-batch',
      '-nx',
      '-iex',
      'set auto-load off',
      '-iex',
      `set debuginfod enabled ${online ? 'on' : 'off'}`,
      '-iex',
      'set width 0',
      '-ex',
      'set language c',
      ...questions.flatMap(([kind, name, expression]) => [
        '-ex',
        `printf "${kind} ${name} %lu\\n", (unsigned long)${expression}`,
      ]),
      '-ex',
      'ptype enum RunState',
      '-ex',
      'ptype enum MigrationStatus',
      '--',
      debugFile ?? binary,
    ],
    { deadline, cwd: '/' },
  );
  if (result.missing) throw new GuardError('problem', 'gdb is not installed', 'install the package gdb');
  if (result.timedOut) throw new GuardError('problem', `gdb did not end within ${deadline / 1000} s`);
  return toLayout(binary, elf.buildId, result.stdout, result.stderr);
}

function toLayout(binary: string, buildId: string, answers: string, complaints: string): Layout {
  const values = (kind: string): Record<string, number> =>
    Object.fromEntries(
      [...answers.matchAll(new RegExp(`^${kind} (\\S+) (\\d+)$`, 'gm'))].map(([, name, number]) => [
        name ?? '',
        Number(number),
      ]),
    );
  const layout = checkLayout({
    version: 1,
    buildId,
    binary,
    symbols: values('symbol'),
    members: values('member'),
    runStates: enumeration(answers, 'RunState', 'RUN_STATE_'),
    migrationStatuses: enumeration(answers, 'MigrationStatus', 'MIGRATION_STATUS_'),
  });
  if (!isUnknown(layout)) return layout;
  const said = complaints.trim().split('\n')[0] ?? '';
  throw new GuardError(
    'problem',
    `the debug information of ${binary} (build-id ${buildId}) is missing or not complete: ${layout.unknown}${said === '' ? '' : ` (gdb: ${said})`}`,
    'install the debug package of exactly this QEMU, name its file with --debug-file, or set DEBUGINFOD_URLS',
  );
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
