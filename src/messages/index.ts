import { agent } from './agent';
import { blockState } from './block-state';
import { commands } from './commands';
import { datastoreMove } from './datastore-move';
import { destination } from './destination';
import { diskOpen } from './disk-open';
import { diskPaths } from './disk-paths';
import { doctor } from './doctor';
import { fileTree } from './file-tree';
import { fleet } from './fleet';
import { hooks } from './hooks';
import { hypervisor } from './hypervisor';
import { move } from './move';
import { plugin } from './plugin';
import { relink } from './relink';
import { repair } from './repair';
import { system } from './system';
import { watch } from './watch';
import { fillRow, type Filling, type Message, type MessageRow, type Remedied } from './message';

export { maxShortChars, shortOf, type Message } from './message';

/** The one table of messages, by subject, in the order and under the headings of docs/messages.md. */
export const sections: readonly (readonly [heading: string, rows: Readonly<Record<string, MessageRow>>])[] = [
  ['What check finds', diskPaths],
  ['What opening a disk finds', diskOpen],
  ['What repair does and refuses', repair],
  ['Paths that lead nowhere', fileTree],
  ['Domains, libvirt and the lock', hypervisor],
  ['The destination', destination],
  ['What inspect, reset and layout say', blockState],
  ['What migrate and save say', move],
  ['What a move to another datastore says', datastoreMove],
  ['What relink says', relink],
  ['What watch says', watch],
  ['Between front-end and agent', agent],
  ['What OpenNebula’s scripts say', plugin],
  ['What hooks and OpenNebula’s record say', hooks],
  ['What audit and roll-outs say', fleet],
  ['What doctor says', doctor],
  ['What files and programs say', system],
  ['What every command may say', commands],
];

const rows = {
  ...diskPaths,
  ...diskOpen,
  ...repair,
  ...fileTree,
  ...hypervisor,
  ...destination,
  ...blockState,
  ...move,
  ...datastoreMove,
  ...relink,
  ...watch,
  ...agent,
  ...plugin,
  ...hooks,
  ...fleet,
  ...doctor,
  ...system,
  ...commands,
} as const;

export type MessageId = keyof typeof rows;

/** @param filling a value for each `{placeholder}` of the row */
export function message<Id extends MessageId>(
  id: Id,
  ...filling: Filling<(typeof rows)[Id]>
): Message & Remedied<(typeof rows)[Id]> {
  const row: MessageRow = rows[id];
  return fillRow(row, filling[0]) as Message & Remedied<(typeof rows)[Id]>;
}

/** The sentence of a message without other parts: a remedy, or a part of another sentence. */
export function textOf<Id extends MessageId>(id: Id, ...filling: Filling<(typeof rows)[Id]>): string {
  return message(id, ...filling).what;
}
