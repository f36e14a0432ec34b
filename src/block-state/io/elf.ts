import { closeSync, openSync, readSync } from 'node:fs';
import { errorName } from '../../core/error-name';
import { textOf } from '../../messages';
import type { Unknown } from '../../core/unknown';

export interface ElfFacts {
  /** In hexadecimal; the linker's identifier of exactly this build. */
  readonly buildId: string;
  /** The linked address of the file's first byte, from which the load bias is counted. */
  readonly firstAddress: number;
}

const headerBytes = 64;
const programHeaderBytes = 56;
const maxProgramHeaders = 128;
const maxNoteBytes = 64 * 1024;
const typeLoad = 1;
const typeNote = 4;
/** NT_GNU_BUILD_ID of elf.h. */
const noteBuildId = 3;

/**
 * Reads the build-id of a program from a few hundred bytes of ELF headers and notes (elf(5)). Only 64-bit little-endian
 * files: all hosts that run QEMU with KVM and OpenNebula have these.
 */
export function readElf(file: string): ElfFacts | Unknown {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    return { unknown: textOf('file-not-read', { file, error: errorName(error) }) };
  }
  try {
    return readHeaders((position, length) => {
      const bytes = Buffer.alloc(length);
      const got = readSync(descriptor, bytes, 0, length, position);
      return bytes.subarray(0, got);
    });
  } catch (error) {
    return { unknown: textOf('elf-not-read', { file, error: errorName(error) }) };
  } finally {
    closeSync(descriptor);
  }
}

function readHeaders(read: (position: number, length: number) => Buffer): ElfFacts | Unknown {
  const header = read(0, headerBytes);
  if (header.length < headerBytes || header.readUInt32BE(0) !== 0x7f454c46)
    return { unknown: textOf('not-elf') };
  if (header[4] !== 2 || header[5] !== 1) return { unknown: textOf('not-elf64') };
  const count = header.readUInt16LE(56);
  if (header.readUInt16LE(54) !== programHeaderBytes || count > maxProgramHeaders) {
    return { unknown: textOf('headers-malformed') };
  }
  const table = read(Number(header.readBigUInt64LE(32)), count * programHeaderBytes);
  let buildId: string | undefined;
  let firstAddress: number | undefined;
  for (let at = 0; at + programHeaderBytes <= table.length; at += programHeaderBytes) {
    const type = table.readUInt32LE(at);
    const offset = Number(table.readBigUInt64LE(at + 8));
    const size = Number(table.readBigUInt64LE(at + 32));
    const alignment = Number(table.readBigUInt64LE(at + 48));
    if (type === typeLoad && offset === 0) firstAddress = Number(table.readBigUInt64LE(at + 16));
    if (type === typeNote && size <= maxNoteBytes)
      buildId ??= findBuildId(read(offset, size), alignment === 8 ? 8 : 4);
  }
  if (buildId === undefined) return { unknown: textOf('no-build-id') };
  if (firstAddress === undefined) return { unknown: textOf('no-first-segment') };
  return { buildId, firstAddress };
}

function findBuildId(notes: Buffer, alignment: number): string | undefined {
  const aligned = (length: number): number => Math.ceil(length / alignment) * alignment;
  for (let at = 0; at + 12 <= notes.length;) {
    const nameLength = notes.readUInt32LE(at);
    const length = notes.readUInt32LE(at + 4);
    const type = notes.readUInt32LE(at + 8);
    const name = notes.subarray(at + 12, at + 12 + nameLength).toString('latin1');
    const start = at + aligned(12 + nameLength);
    if (type === noteBuildId && name === 'GNU\0')
      return notes.subarray(start, start + length).toString('hex');
    at = start + aligned(length);
  }
  return undefined;
}
