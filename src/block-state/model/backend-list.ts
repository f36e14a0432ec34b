import type { Layout, MemberName } from './memory-layout';
import { isUnknown, type Unknown } from '../../core/unknown';

/** Reads memory of a process; `undefined` where nothing is mapped. */
export type ReadMemory = (address: number, length: number) => Uint8Array | undefined;

/** The node at the root of a backend: the format or protocol node that the guest's device works on. */
interface RootNode {
  /** Of the `BdrvChild` that ties it to the backend. */
  readonly child: number;
  /** Of the `BlockDriverState`. */
  readonly node: number;
  readonly name: string;
  readonly inactive: boolean;
}

/** One `BlockBackend` as it stands in QEMU's memory. */
export interface Backend {
  readonly address: number;
  /** What a person knows it by: its name, else the path of its device, else its node. */
  readonly name: string;
  readonly disablePerm: boolean;
  /** A drive without a medium has none. */
  readonly root?: RootNode;
}

/** QEMU's block state at one moment. */
export interface BlockMemory {
  readonly runState: string;
  readonly migration: string;
  readonly backends: readonly Backend[];
}

/** BDRV_O_INACTIVE of include/block/block-common.h (block.h before 7.0); 0x0800 since it exists (2.6). */
export const inactiveFlag = 0x0800;
/** BLK_PERM_ALL is 0x0f; 0x10 was GRAPH_MOD until 7.0. */
const knownPermissions = 0x1f;
/** BDRV_O_* end at 0x40000 (QEMU 7.2); what is far beyond is no set of flags. */
const knownFlags = 0xffffff;
/** A VM has a backend per disk, and one per block job and export. */
const maxBackends = 1024;
const maxNameBytes = 256;
const nodeNameBytes = 32;
const pageBytes = 4096;
const highestAddress = 2 ** 48;

/**
 * Walks QEMU's list of backends. Nothing is taken on trust: pointers have to be aligned, each list link has to
 * point back at the one before, each root back at its backend, booleans have to be 0 or 1, permissions known,
 * names printable. Anything else means that the layout is not that of this process, or that QEMU changed the
 * list just now: unknown.
 */
export function readBlockMemory(read: ReadMemory, layout: Layout, bias: number): BlockMemory | Unknown {
  try {
    return new Reader(read, layout, bias).all();
  } catch (error) {
    if (error instanceof MalformedMemory) return { unknown: error.message };
    throw error;
  }
}

/** Where the flag of a backend stands. */
export function flagAddress(layout: Layout, backend: Backend): number {
  return backend.address + layout.members['BlockBackend.disable_perm'];
}

export function sameMemory(one: BlockMemory | Unknown, other: BlockMemory | Unknown): boolean {
  return !isUnknown(one) && !isUnknown(other) && JSON.stringify(one) === JSON.stringify(other);
}

/** What was read makes no sense. */
class MalformedMemory extends Error {}

class Reader {
  constructor(
    private readonly read: ReadMemory,
    private readonly layout: Layout,
    private readonly bias: number,
  ) {}

  all(): BlockMemory {
    return {
      runState: this.nameAt(this.symbol('current_run_state'), this.layout.runStates, 'run state'),
      migration: this.migration(),
      backends: this.backends(),
    };
  }

  private migration(): string {
    const state = this.pointer(this.symbol('current_migration'), 'current_migration');
    if (state === 0) return 'none';
    const { migrationStatuses } = this.layout;
    return this.nameAt(state + this.member('MigrationState.state'), migrationStatuses, 'migration status');
  }

  private backends(): Backend[] {
    const head = this.symbol('block_backends');
    const link = this.member('BlockBackend.link');
    const found: Backend[] = [];
    // A QTAILQ's head and links are alike: next, then the previous link (include/qemu/queue.h, QTailQLink).
    let previous = head;
    for (
      let address = this.pointer(head, 'block_backends');
      address !== 0;
      address = this.pointer(previous, 'link')
    ) {
      if (found.length === maxBackends) throw new MalformedMemory('the list of backends does not end');
      if (this.pointer(address + link + 8, 'link back') !== previous) {
        throw new MalformedMemory(`the backend at ${hex(address)} does not point back to the one before`);
      }
      found.push(this.backend(address));
      previous = address + link;
    }
    if (this.pointer(head + 8, 'end of block_backends') !== previous) {
      throw new MalformedMemory('the list of backends does not end where it says');
    }
    return found;
  }

  private backend(address: number): Backend {
    for (const member of ['BlockBackend.perm', 'BlockBackend.shared_perm'] as const) {
      if (this.number(address + this.member(member), member) > knownPermissions) {
        throw new MalformedMemory(`${member} of the backend at ${hex(address)} has unknown bits`);
      }
    }
    const flag = this.bytes(address + this.member('BlockBackend.disable_perm'), 1, 'disable_perm')[0];
    if (flag !== 0 && flag !== 1)
      throw new MalformedMemory(`disable_perm of the backend at ${hex(address)} is neither 0 nor 1`);
    const root = this.root(address);
    const name = this.text(address, 'BlockBackend.name') || this.device(address) || root?.name;
    return {
      address,
      name: name ?? hex(address),
      disablePerm: flag === 1,
      ...(root ? { root } : {}),
    };
  }

  private root(backend: number): RootNode | undefined {
    const child = this.pointer(backend + this.member('BlockBackend.root'), 'root');
    if (child === 0) return undefined;
    if (this.pointer(child + this.member('BdrvChild.opaque'), 'opaque') !== backend) {
      throw new MalformedMemory(`the root of the backend at ${hex(backend)} does not point back to it`);
    }
    const node = this.pointer(child + this.member('BdrvChild.bs'), 'bs');
    if (node === 0) throw new MalformedMemory(`the root of the backend at ${hex(backend)} has no node`);
    const flags = this.view(node + this.member('BlockDriverState.open_flags'), 4, 'open_flags').getUint32(
      0,
      true,
    );
    if (flags > knownFlags)
      throw new MalformedMemory(`open_flags of the node at ${hex(node)} has unknown bits`);
    const bytes = this.bytes(node + this.member('BlockDriverState.node_name'), nodeNameBytes, 'node_name');
    const name = printable(bytes, 'node_name');
    // QEMU names every node itself where nobody did (`#block123`).
    if (name === '') throw new MalformedMemory(`the node at ${hex(node)} has no name`);
    return { child, node, name, inactive: (flags & inactiveFlag) !== 0 };
  }

  private device(backend: number): string {
    const device = this.pointer(backend + this.member('BlockBackend.dev'), 'dev');
    return device === 0 ? '' : this.text(device, 'DeviceState.canonical_path');
  }

  /** The string that a member points to; empty where it points to none. */
  private text(structure: number, member: MemberName): string {
    const start = this.pointer(structure + this.member(member), member, 1);
    if (start === 0) return '';
    // Not beyond the page until the string is known to go on: what follows may not be mapped.
    const first = this.bytes(start, Math.min(maxNameBytes, pageBytes - (start % pageBytes)), member);
    if (first.includes(0) || first.length === maxNameBytes) return printable(first, member);
    const rest = this.bytes(start + first.length, maxNameBytes - first.length, member);
    return printable(Uint8Array.from([...first, ...rest]), member);
  }

  private nameAt(address: number, names: readonly string[], what: string): string {
    const number = this.view(address, 4, what).getUint32(0, true);
    const name = names[number];
    if (name === undefined)
      throw new MalformedMemory(`the ${what} is ${number}, which this build does not know`);
    return name;
  }

  private pointer(address: number, what: string, alignment = 8): number {
    const pointer = this.number(address, what);
    if (pointer === 0) return 0;
    if (pointer < pageBytes || pointer >= highestAddress || pointer % alignment !== 0) {
      throw new MalformedMemory(`${what} at ${hex(address)} is no pointer`);
    }
    return pointer;
  }

  private number(address: number, what: string): number {
    return Number(this.view(address, 8, what).getBigUint64(0, true));
  }

  private view(address: number, length: number, what: string): DataView {
    const bytes = this.bytes(address, length, what);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  private bytes(address: number, length: number, what: string): Uint8Array {
    const bytes = this.read(address, length);
    if (bytes?.length !== length) throw new MalformedMemory(`${what} at ${hex(address)} cannot be read`);
    return bytes;
  }

  private symbol(name: keyof Layout['symbols']): number {
    return this.bias + this.layout.symbols[name];
  }

  private member(name: MemberName): number {
    return this.layout.members[name];
  }
}

function printable(bytes: Uint8Array, what: string): string {
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, Math.max(end, 0)));
  if (end < 0 || !/^[\x20-\x7e]*$/.test(text)) throw new MalformedMemory(`${what} is no printable name`);
  return text;
}

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
