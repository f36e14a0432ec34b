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

type Rows = typeof diskPaths &
  typeof diskOpen &
  typeof repair &
  typeof fileTree &
  typeof hypervisor &
  typeof destination &
  typeof blockState &
  typeof move &
  typeof datastoreMove &
  typeof relink &
  typeof watch &
  typeof agent &
  typeof plugin &
  typeof hooks &
  typeof fleet &
  typeof doctor &
  typeof system &
  typeof commands;

export type MessageId = keyof Rows;

/** @param filling a value for each `{placeholder}` of the row */
export function message<Id extends MessageId>(
  id: Id,
  ...filling: Filling<Rows[Id]>
): Message & Remedied<Rows[Id]> {
  return fillRow(rowOf(id), filling[0]) as Message & Remedied<Rows[Id]>;
}

/** The sentence of a message without other parts: a remedy, or a part of another sentence. */
export function textOf<Id extends MessageId>(id: Id, ...filling: Filling<Rows[Id]>): string {
  return message(id, ...filling).what;
}

/** Searched for, because one object with all rows would take each start of the program some milliseconds to make. */
function rowOf(id: string): MessageRow {
  for (const [, rows] of sections) {
    const row = rows[id];
    if (row) return row;
  }
  throw new Error(`there is no message ${id}`);
}
