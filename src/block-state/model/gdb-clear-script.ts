import { flagAddress, hex, inactiveFlag, type Backend, type BlockMemory } from './backend-list';
import type { Layout } from './memory-layout';

/** gdb prints it when all was as expected, and the flags are 0. */
export const clearedMark = 'migrate-guard: cleared';
export const changedMark = 'migrate-guard: changed, nothing was written';

/** Options that keep gdb from reading symbols while QEMU is stopped, and from running other scripts. */
export const gdbOptions = [
  ...['-batch', '-nx', '--readnever'],
  ...['auto-load off', 'debuginfod enabled off', 'auto-solib-add off', 'sysroot /nonexistent'].flatMap(
    (setting) => ['-iex', `set ${setting}`],
  ),
];

/**
 * The commands with which gdb clears the flags, by address, without symbols. While QEMU is stopped, all that was read
 * before is compared once more, so nothing can change between the comparison and the write. An error ends the script, and
 * gdb detaches when it ends.
 */
export function gdbScript(
  pid: number,
  memory: BlockMemory,
  stuck: readonly Backend[],
  { layout, bias }: { readonly layout: Layout; readonly bias: number },
): string {
  const { symbols, members } = layout;
  const long = (address: number): string => `*(unsigned long *)${hex(address)}`;
  const int = (address: number): string => `*(unsigned int *)${hex(address)}`;
  const byte = (address: number): string => `*(unsigned char *)${hex(address)}`;
  const conditions = [
    `${int(bias + symbols.current_run_state)} == ${layout.runStates.indexOf(memory.runState)}`,
    ...memory.backends.flatMap((backend) => {
      const { root } = backend;
      const tied = `${long(backend.address + members['BlockBackend.root'])} == ${hex(root?.child ?? 0)}`;
      if (!root) return [tied];
      return [
        tied,
        `${long(root.child + members['BdrvChild.opaque'])} == ${hex(backend.address)}`,
        `${long(root.child + members['BdrvChild.bs'])} == ${hex(root.node)}`,
        `(${int(root.node + members['BlockDriverState.open_flags'])} & ${hex(inactiveFlag)}) == 0`,
      ];
    }),
    ...stuck.map((backend) => `${byte(flagAddress(layout, backend))} == 1`),
  ];
  const migration = `*(unsigned int *)($migration + ${members['MigrationState.state']})`;
  return [
    'set pagination off',
    'set confirm off',
    'set language c',
    'set width 0',
    'handle SIGUSR1 SIGUSR2 SIGTERM SIGINT SIGALRM SIGIO nostop noprint pass',
    `attach ${pid}`,
    'set $same = 1',
    ...conditions.map((condition) => `set $same = $same && ${condition}`),
    `set $migration = ${long(bias + symbols.current_migration)}`,
    `set $same = $same && ($migration == 0 || ${migration} == ${layout.migrationStatuses.indexOf(memory.migration)})`,
    'if $same',
    ...stuck.map((backend) => `  set ${byte(flagAddress(layout, backend))} = 0`),
    `  printf "${clearedMark} ${stuck.length}\\n"`,
    'else',
    `  printf "${changedMark}\\n"`,
    'end',
    'detach',
    '',
  ].join('\n');
}
