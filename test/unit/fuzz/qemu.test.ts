import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBlockMemory } from '../../../src/block-state/model/backend-list';
import { readBlockNodes } from '../../../src/hypervisor/model/block-nodes';
import { readGuestDisks } from '../../../src/hypervisor/model/guest-disks';
import { layoutFrom } from '../../../src/block-state/model/gdb-layout-query';
import { readLog, sinceStart } from '../../../src/block-state/model/log-signatures';
import { memberNames, parseLayout, symbolNames } from '../../../src/block-state/model/memory-layout';
import { parseReply, readAnswers } from '../../../src/hypervisor/model/qmp';
import { isUnknown } from '../../../src/core/unknown';
import { readElf } from '../../../src/block-state/io/elf';
import fc from '../../support/seeded-fast-check';
import { layout } from '../../support/block-state-factories';
import { fuzz } from './parser';

const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-fuzz-'));
afterAll(() => rmSync(directory, { recursive: true }));

const nodes = JSON.stringify({
  return: [
    { 'node-name': 'libvirt-1-format', drv: 'raw', file: '/dev/sp-1', ro: false, active: true },
    { 'node-name': 'libvirt-1-storage', drv: 'host_device', file: '/dev/sp-1', ro: false, active: false },
    { 'node-name': 'b', drv: 'file', file: 'json:{"driver":"file","filename":"/a","x":{}}', ro: true },
  ],
  id: 'libvirt-17',
});

fuzz('query-named-block-nodes', {
  valid: [nodes],
  parse: (text) => readBlockNodes(parseReply(text)),
  holds: (found) => {
    if (isUnknown(found)) return expect(found.unknown).not.toBe('');
    expect(found.every(({ name, path }) => typeof name === 'string' && typeof path === 'string')).toBe(true);
  },
});

fuzz('query-block', {
  valid: [
    '{"return":[{"device":"","qdev":"/machine/peripheral/virtio-disk0/virtio-backend","inserted":{"node-name":"libvirt-1-format","file":"json:{\\"file\\":{\\"filename\\":\\"/a\\"}}"}}],"id":"libvirt-17"}',
  ],
  parse: (text) => readGuestDisks(parseReply(text)),
  holds: (found) => {
    if (isUnknown(found)) return expect(found.unknown).not.toBe('');
    expect(
      found.every(({ device, path = '' }) => typeof device === 'string' && typeof path === 'string'),
    ).toBe(true);
  },
});

fuzz('an answer of QMP', {
  valid: [
    nodes,
    '{"return":{"status":"running","singlestep":false,"running":true},"id":"libvirt-371"}',
    '{"return":{"status":"failed","error-desc":"x"},"id":"a"}',
    '{"id":"libvirt-9","error":{"class":"CommandNotFound","desc":"The command x has not been found"}}',
  ],
  parse: (text) => {
    const reply = parseReply(text);
    return { reply, answers: readAnswers(reply, reply, reply) };
  },
  holds: ({ reply, answers }) => {
    if (isUnknown(reply)) expect(reply.unknown).not.toBe('');
    if (isUnknown(answers)) return;
    expect(typeof answers.status).toBe('string');
    for (const name of answers.inactiveNodes ?? []) expect(typeof name).toBe('string');
  },
});

const log = `2024-03-05 10:00:00.123+0000: starting up libvirt version: 9.0.0, package: 9.0.0-4, qemu version: 7.2.0
LC_ALL=C \\
/usr/bin/qemu-system-x86_64 \\
-name guest=one-310,debug-threads=on
char device redirected to /dev/pts/0 (label charserial0)
2024-03-05T10:05:00.123456Z qemu-system-x86_64: Could not reopen file: No such file or directory
2024-03-05 10:05:00.000+0000: initiating migration
2024-03-05T10:05:02.000000Z qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)
2024-03-05T10:05:02.000000Z qemu-system-x86_64: Failed to get shared "write" lock
`;

fuzz("QEMU's log", {
  valid: [log, `${log}2024-03-06 00:00:00.000+0000: shutting down, reason=destroyed\n`],
  parse: (text) => ({ since: sinceStart(text), read: readLog(text) }),
  holds: ({ since, read }, text) => {
    // A start without a time could not be compared with that of the process.
    if (since) expect(Number.isNaN(since.at.getTime())).toBe(false);
    const reported = [...read.signatures.map(({ line }) => line), ...read.complaints];
    const lines = new Set(text.split('\n'));
    expect(reported.every((line) => lines.has(line))).toBe(true);
  },
});

const isSound = (found: object): void => {
  if (isUnknown(found)) {
    expect(found.unknown).not.toBe('');
    expect(found.unknown.length).toBeLessThan(200);
    return;
  }
  const { symbols, members } = found as typeof layout;
  for (const number of [...Object.values(symbols), ...Object.values(members)]) {
    expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
  }
  expect(Object.keys(members).sort()).toEqual([...memberNames].sort());
};

fuzz('a layout file', { valid: [JSON.stringify(layout, null, 2)], parse: parseLayout, holds: isSound });

const enumeration = (name: string, prefix: string, words: readonly string[]): string =>
  `type = enum ${name} {${words.map((word) => `${prefix}${word.toUpperCase().replaceAll('-', '_')}`).join(', ')}, ${prefix}_MAX}\n`;
fuzz("gdb's answers", {
  valid: [
    [
      ...symbolNames.map((name) => `symbol ${name} ${layout.symbols[name]}\n`),
      ...memberNames.map((name) => `member ${name} ${layout.members[name]}\n`),
      enumeration('RunState', 'RUN_STATE_', layout.runStates),
      enumeration('MigrationStatus', 'MIGRATION_STATUS_', layout.migrationStatuses),
    ].join(''),
  ],
  parse: (text) => layoutFrom(text, layout),
  holds: isSound,
});

/** The smallest program with a build-id: a segment, a note. */
function elf(): Buffer {
  const bytes = Buffer.alloc(64 + 2 * 56 + 36);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  bytes.writeUInt32LE(1, 64);
  bytes.writeBigUInt64LE(0x400000n, 64 + 16);
  const note = 64 + 56;
  bytes.writeUInt32LE(4, note);
  bytes.writeBigUInt64LE(176n, note + 8);
  bytes.writeBigUInt64LE(36n, note + 32);
  bytes.writeBigUInt64LE(4n, note + 48);
  bytes.writeUInt32LE(4, 176);
  bytes.writeUInt32LE(20, 180);
  bytes.writeUInt32LE(3, 184);
  bytes.write('GNU\0', 188, 'latin1');
  bytes.fill(0xab, 192, 212);
  return bytes;
}

const program = join(directory, 'program');
fuzz('an ELF file', {
  // Each character is one byte, so that the changes affect bytes.
  valid: [elf().toString('latin1')],
  parse: (text) => {
    writeFileSync(program, Buffer.from(text, 'latin1'));
    return readElf(program);
  },
  holds: (found) => {
    if (isUnknown(found)) return expect(found.unknown).not.toBe('');
    expect(found.buildId).toMatch(/^(?:[0-9a-f]{2})+$/);
    expect(found.firstAddress).toBeGreaterThanOrEqual(0);
  },
});

test('process memory with any content is read to the end', () => {
  const bytes = fc.uint8Array({ minLength: 64, maxLength: 4096 });
  fc.assert(
    fc.property(bytes, fc.boolean(), (content, ends) => {
      const read = (address: number, length: number): Uint8Array | undefined =>
        ends && address % 7 === 0
          ? undefined
          : Uint8Array.from({ length }, (_, index) => content[(address + index) % content.length] ?? 0);
      const found = readBlockMemory(read, layout, 0x555555554000);
      if (isUnknown(found)) expect(found.unknown).not.toBe('');
      else expect(found.backends.length).toBeLessThanOrEqual(1024);
    }),
  );
});
