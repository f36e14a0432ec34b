import { readBlockMemory, type ReadMemory } from '../../../src/block-state/model/backend-list';
import type { Layout } from '../../../src/block-state/model/memory-layout';
import { isUnknown } from '../../../src/core/unknown';
import fc from '../../support/seeded-fast-check';
import { layout } from '../../support/block-state-factories';

const bias = 0x555555554000;
const base = 0x7f0000000000;

interface Spec {
  readonly disablePerm?: number;
  readonly inactive?: boolean;
  readonly medium?: boolean;
}

/** A process with a list of backends, in QEMU's layout; memory in pages of bytes. */
class Process {
  readonly bytes = new Map<number, number>();
  private next = base;

  constructor(specs: readonly Spec[]) {
    const { symbols, members } = layout;
    const head = bias + symbols.block_backends;
    this.int(bias + symbols.current_run_state, layout.runStates.indexOf('running'));
    const migration = this.allocate(1024);
    this.long(bias + symbols.current_migration, migration);
    this.int(migration + members['MigrationState.state'], layout.migrationStatuses.indexOf('failed'));
    let previous = head;
    this.long(head, 0);
    for (const [index, spec] of specs.entries()) {
      const backend = this.allocate(1024);
      this.long(previous, backend);
      this.long(backend + members['BlockBackend.link'], 0);
      this.long(backend + members['BlockBackend.link'] + 8, previous);
      for (const member of ['name', 'dev', 'root'] as const)
        this.long(backend + members[`BlockBackend.${member}`], 0);
      this.long(backend + members['BlockBackend.perm'], 3);
      this.long(backend + members['BlockBackend.shared_perm'], 5);
      this.byte(backend + members['BlockBackend.disable_perm'], spec.disablePerm ?? 0);
      if (spec.medium !== false) this.medium(backend, `node-${index}`, spec.inactive === true);
      previous = backend + members['BlockBackend.link'];
    }
    this.long(head + 8, previous);
  }

  readonly read: ReadMemory = (address, length) => {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index += 1) {
      const byte = this.bytes.get(address + index);
      if (byte === undefined) return undefined;
      bytes[index] = byte;
    }
    return bytes;
  };

  long(address: number, value: number): void {
    for (let index = 0; index < 8; index += 1)
      this.byte(address + index, Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
  }

  byte(address: number, value: number): void {
    this.bytes.set(address, value);
  }

  private int(address: number, value: number): void {
    for (let index = 0; index < 4; index += 1) this.byte(address + index, (value >>> (8 * index)) & 0xff);
  }

  private medium(backend: number, name: string, inactive: boolean): void {
    const { members } = layout;
    const child = this.allocate(128);
    const node = this.allocate(20_000);
    this.long(backend + members['BlockBackend.root'], child);
    this.long(child + members['BdrvChild.bs'], node);
    this.long(child + members['BdrvChild.opaque'], backend);
    this.int(node + members['BlockDriverState.open_flags'], inactive ? 0x2802 : 0x2002);
    for (let index = 0; index < 32; index += 1) {
      this.byte(node + members['BlockDriverState.node_name'] + index, name.charCodeAt(index) || 0);
    }
  }

  private allocate(length: number): number {
    const address = this.next;
    this.next += Math.ceil(length / 4096) * 4096;
    return address;
  }
}

const specs = fc.array(
  fc.record({ disablePerm: fc.constantFrom(0, 1), inactive: fc.boolean(), medium: fc.boolean() }),
  { maxLength: 8 },
);

test('what was written to memory is read from it', () => {
  fc.assert(
    fc.property(specs, (all) => {
      const seen = readBlockMemory(new Process(all).read, layout, bias);
      if (isUnknown(seen)) throw new Error(seen.unknown);
      expect(seen).toMatchObject({ runState: 'running', migration: 'failed' });
      expect(
        seen.backends.map(({ disablePerm, root }) => ({
          disablePerm: disablePerm ? 1 : 0,
          medium: root !== undefined,
          inactive: root?.inactive,
        })),
      ).toEqual(
        all.map(({ disablePerm, medium, inactive }) => ({
          disablePerm,
          medium,
          inactive: medium ? inactive : undefined,
        })),
      );
    }),
  );
});

test('with any byte changed, it is read without an error and to the end', () => {
  const process = new Process([{}, { disablePerm: 1 }, { inactive: true }, { medium: false }]);
  const addresses = [...process.bytes.keys()];
  fc.assert(
    fc.property(fc.nat(addresses.length - 1), fc.nat(255), (index, value) => {
      const address = addresses[index] ?? 0;
      const before = process.bytes.get(address) ?? 0;
      process.byte(address, value);
      const seen = readBlockMemory(process.read, layout, bias);
      process.byte(address, before);
      expect(isUnknown(seen) || seen.backends.length <= 4).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('memory with other content is unknown, never healthy', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (noise) => {
      const read: ReadMemory = (address, length) =>
        Uint8Array.from({ length }, (_, index) => noise[(address + index) % noise.length] ?? 0);
      const seen = readBlockMemory(read, layout, bias);
      // All zeros are an empty list whose end does not point to its head.
      expect(isUnknown(seen)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([
  [
    'a list that goes round',
    (process: Process, first: number) => process.long(first + layout.members['BlockBackend.link'], first),
  ],
  [
    'a flag of 2',
    (process: Process, first: number) => process.byte(first + layout.members['BlockBackend.disable_perm'], 2),
  ],
  [
    'unknown permissions',
    (process: Process, first: number) => process.long(first + layout.members['BlockBackend.perm'], 0x20),
  ],
  [
    'a pointer to nowhere',
    (process: Process, first: number) => process.long(first + layout.members['BlockBackend.root'], 0x1000),
  ],
  [
    'a misaligned pointer',
    (process: Process, first: number) => process.long(first + layout.members['BlockBackend.root'], base + 1),
  ],
])('%s is unknown', (_, spoil) => {
  const process = new Process([{}, {}]);
  const first = readBlockMemory(process.read, layout, bias);
  if (isUnknown(first)) throw new Error(first.unknown);
  spoil(process, first.backends[0]?.address ?? 0);
  expect(isUnknown(readBlockMemory(process.read, layout, bias))).toBe(true);
});

test('a layout with other enumerations is detected by unknown numbers', () => {
  const few: Layout = { ...layout, runStates: ['running', 'paused', 'finish-migrate', 'postmigrate'] };
  expect(readBlockMemory(new Process([{}]).read, few, bias)).toMatchObject({
    unknown: expect.stringContaining('run state') as unknown,
  });
});
