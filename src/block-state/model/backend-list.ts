import type { Layout, MemberName } from './memory-layout';
import { isUnknown, type Unknown } from '../../core/unknown';
import { textOf } from '../../messages';

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

/** One `BlockBackend` in QEMU's memory. */
export interface Backend {
  readonly address: number;
  /** Its name, or the path of its device, or its node: the first that it has. */
  readonly name: string;
  readonly disablePerm: boolean;
  /** Missing for a drive without a medium. */
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
/** BDRV_O_* end at 0x40000 (QEMU 7.2); a much greater value is not a set of flags. */
const knownFlags = 0xffffff;
/** A VM has a backend per disk, and one per block job and export. */
const maxBackends = 1024;
const maxNameBytes = 256;
const nodeNameBytes = 32;
const pageBytes = 4096;
const highestAddress = 2 ** 48;

/**
 * Reads QEMU's list of backends, and verifies everything: pointers have to be aligned, each list link has to point back
 * at the one before, each root back at its backend, booleans have to be 0 or 1, permissions known, names printable.
 * Otherwise the layout is not that of this process, or QEMU is changing the list: unknown.
 */
export function readBlockMemory(read: ReadMemory, layout: Layout, bias: number): BlockMemory | Unknown {
  try {
    return new Reader(read, layout, bias).all();
  } catch (error) {
    if (error instanceof MalformedMemory) return { unknown: error.message };
    throw error;
  }
}

export function flagAddress(layout: Layout, backend: Backend): number {
  return backend.address + layout.members['BlockBackend.disable_perm'];
}

export function sameMemory(one: BlockMemory | Unknown, other: BlockMemory | Unknown): boolean {
  return !isUnknown(one) && !isUnknown(other) && JSON.stringify(one) === JSON.stringify(other);
}

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
      if (found.length === maxBackends) throw new MalformedMemory(textOf('list-endless'));
      if (this.pointer(address + link + 8, 'link back') !== previous) {
        throw new MalformedMemory(textOf('back-link-wrong', { address: hex(address) }));
      }
      found.push(this.backend(address));
      previous = address + link;
    }
    if (this.pointer(head + 8, 'end of block_backends') !== previous) {
      throw new MalformedMemory(textOf('list-end-wrong'));
    }
    return found;
  }

  private backend(address: number): Backend {
    for (const member of ['BlockBackend.perm', 'BlockBackend.shared_perm'] as const) {
      if (this.number(address + this.member(member), member) > knownPermissions) {
        throw new MalformedMemory(textOf('unknown-bits', { member, address: hex(address) }));
      }
    }
    const flag = this.bytes(address + this.member('BlockBackend.disable_perm'), 1, 'disable_perm')[0];
    if (flag !== 0 && flag !== 1) throw new MalformedMemory(textOf('not-boolean', { address: hex(address) }));
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
      throw new MalformedMemory(textOf('root-wrong', { address: hex(backend) }));
    }
    const node = this.pointer(child + this.member('BdrvChild.bs'), 'bs');
    if (node === 0) throw new MalformedMemory(textOf('root-without-node', { address: hex(backend) }));
    const flags = this.view(node + this.member('BlockDriverState.open_flags'), 4, 'open_flags').getUint32(
      0,
      true,
    );
    if (flags > knownFlags)
      throw new MalformedMemory(textOf('unknown-bits', { member: 'open_flags', address: hex(node) }));
    const bytes = this.bytes(node + this.member('BlockDriverState.node_name'), nodeNameBytes, 'node_name');
    const name = printable(bytes, 'node_name');
    // QEMU generates a name (`#block123`) for a node without one.
    if (name === '') throw new MalformedMemory(textOf('unnamed-node', { address: hex(node) }));
    return { child, node, name, inactive: (flags & inactiveFlag) !== 0 };
  }

  private device(backend: number): string {
    const device = this.pointer(backend + this.member('BlockBackend.dev'), 'dev');
    return device === 0 ? '' : this.text(device, 'DeviceState.canonical_path');
  }

  /** The string that a member points to; empty for a null pointer. */
  private text(structure: number, member: MemberName): string {
    const start = this.pointer(structure + this.member(member), member, 1);
    if (start === 0) return '';
    // The next page is read only if the string continues there: it may not be mapped.
    const first = this.bytes(start, Math.min(maxNameBytes, pageBytes - (start % pageBytes)), member);
    if (first.includes(0) || first.length === maxNameBytes) return printable(first, member);
    const rest = this.bytes(start + first.length, maxNameBytes - first.length, member);
    return printable(Uint8Array.from([...first, ...rest]), member);
  }

  private nameAt(address: number, names: readonly string[], member: string): string {
    const number = this.view(address, 4, member).getUint32(0, true);
    const name = names[number];
    if (name === undefined) throw new MalformedMemory(textOf('value-not-known', { member, number }));
    return name;
  }

  private pointer(address: number, member: string, alignment = 8): number {
    const pointer = this.number(address, member);
    if (pointer === 0) return 0;
    if (pointer < pageBytes || pointer >= highestAddress || pointer % alignment !== 0) {
      throw new MalformedMemory(textOf('not-a-pointer', { member, address: hex(address) }));
    }
    return pointer;
  }

  private number(address: number, member: string): number {
    return Number(this.view(address, 8, member).getBigUint64(0, true));
  }

  private view(address: number, length: number, member: string): DataView {
    const bytes = this.bytes(address, length, member);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  private bytes(address: number, length: number, member: string): Uint8Array {
    const bytes = this.read(address, length);
    if (bytes?.length !== length)
      throw new MalformedMemory(textOf('member-not-read', { member, address: hex(address) }));
    return bytes;
  }

  private symbol(name: keyof Layout['symbols']): number {
    return this.bias + this.layout.symbols[name];
  }

  private member(name: MemberName): number {
    return this.layout.members[name];
  }
}

function printable(bytes: Uint8Array, member: string): string {
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, Math.max(end, 0)));
  if (end < 0 || !/^[\x20-\x7e]*$/.test(text)) throw new MalformedMemory(textOf('not-printable', { member }));
  return text;
}

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
