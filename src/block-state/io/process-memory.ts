import { closeSync, openSync, readFileSync, readlinkSync, readSync, statSync, writeSync } from 'node:fs';
import { readBlockMemory, sameMemory, type BlockMemory, type ReadMemory } from '../model/backend-list';
import { errorName } from '../../core/error-name';
import type { Layout } from '../model/memory-layout';
import { isUnknown, type Unknown } from '../../core/unknown';
import { textOf } from '../../messages';
import { readElf, type ElfFacts } from './elf';
import type { QemuProcess } from '../../hypervisor/process';

/** QEMU changes its list of backends rarely, and within microseconds. */
const maxReadings = 5;

/** The layout of a QEMU, and the load address of its process. */
export interface KnownQemu {
  readonly layout: Layout;
  readonly bias: number;
}

/** The build-id of the program that this process runs, even where the file was replaced since it started. */
export function buildIdOf(qemu: QemuProcess): string | Unknown {
  const elf = elfOf(qemu);
  return isUnknown(elf) ? elf : elf.buildId;
}

/** By file: a host has many QEMUs of few programs, and a running program cannot be written to (ETXTBSY). */
const knownElf = new Map<string, ElfFacts>();

function elfOf(qemu: QemuProcess): ElfFacts | Unknown {
  const file = `${qemu.path}/exe`;
  let key: string;
  try {
    const { dev, ino, size, ctimeNs } = statSync(file, { bigint: true });
    key = [dev, ino, size, ctimeNs].join();
  } catch {
    // readElf returns the reason.
    return readElf(file);
  }
  const known = knownElf.get(key);
  if (known) return known;
  const elf = readElf(file);
  if (!isUnknown(elf)) knownElf.set(key, elf);
  return elf;
}

/** Finds the load address of a process. */
export function locate(qemu: QemuProcess, layout: Layout): KnownQemu | Unknown {
  const elf = elfOf(qemu);
  if (isUnknown(elf)) return elf;
  if (elf.buildId !== layout.buildId) {
    const values = { stored: layout.buildId, running: elf.buildId };
    return { unknown: textOf('layout-of-other-build', values) };
  }
  try {
    // Both names are made by the kernel from the same mount and file, " (deleted)" included (proc(5)).
    const program = readlinkSync(`${qemu.path}/exe`);
    const start = readFileSync(`${qemu.path}/maps`, 'utf8')
      .split('\n')
      .map((line) => /^([0-9a-f]+)-[0-9a-f]+ \S+ 0+ \S+ \d+ +(.*)$/.exec(line))
      .find((found) => found?.[2]?.replaceAll('\\012', '\n') === program)?.[1];
    if (start === undefined) return { unknown: textOf('program-not-mapped', { program, pid: qemu.pid }) };
    return { layout, bias: Number.parseInt(start, 16) - elf.firstAddress };
  } catch (error) {
    return { unknown: textOf('maps-not-read', { pid: qemu.pid, error: errorName(error) }) };
  }
}

/**
 * Reads the block state from the live process, without a pause of the guest. Two readings in a row have to be equal,
 * because QEMU may change its list meanwhile.
 */
export function readMemory(qemu: QemuProcess, known: KnownQemu): BlockMemory | Unknown {
  return withMemory(qemu, 'r', (descriptor) => {
    let before = readBlockMemory(reader(descriptor), known.layout, known.bias);
    for (let reading = 1; reading < maxReadings; reading += 1) {
      const now = readBlockMemory(reader(descriptor), known.layout, known.bias);
      if (sameMemory(before, now)) return now;
      before = now;
    }
    return isUnknown(before) ? before : { unknown: textOf('backends-changing') };
  });
}

/**
 * Sets bytes that are 1 to 0, all or none: `isUnchanged` compares the whole block state once more, microseconds before
 * the first is written, and each byte is read before and after. Unknown: nothing was written, or a byte is not 0 after it.
 */
export function clearFlags(
  qemu: QemuProcess,
  known: KnownQemu,
  flags: readonly number[],
  isUnchanged: (memory: BlockMemory) => boolean,
): { readonly cleared: number } | Unknown {
  return withMemory(qemu, 'r+', (descriptor) => {
    const now = readBlockMemory(reader(descriptor), known.layout, known.bias);
    if (isUnknown(now)) return now;
    if (!isUnchanged(now) || flags.some((flag) => reader(descriptor)(flag, 1)?.[0] !== 1)) {
      return { unknown: textOf('state-changed') };
    }
    for (const flag of flags) writeSync(descriptor, Buffer.from([0]), 0, 1, flag);
    const left = flags.filter((flag) => reader(descriptor)(flag, 1)?.[0] !== 0);
    return left.length === 0
      ? { cleared: flags.length }
      : { unknown: textOf('flags-not-zero', { left: left.length, count: flags.length }) };
  });
}

function withMemory<T extends object>(
  qemu: QemuProcess,
  mode: 'r' | 'r+',
  use: (descriptor: number) => T | Unknown,
): T | Unknown {
  let descriptor: number;
  try {
    descriptor = openSync(`${qemu.path}/mem`, mode);
  } catch (error) {
    return { unknown: textOf('memory-inaccessible', { pid: qemu.pid, error: errorName(error) }) };
  }
  try {
    return use(descriptor);
  } catch (error) {
    return { unknown: textOf('memory-inaccessible', { pid: qemu.pid, error: errorName(error) }) };
  } finally {
    closeSync(descriptor);
  }
}

function reader(descriptor: number): ReadMemory {
  return (address, length) => {
    const bytes = new Uint8Array(length);
    try {
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, address));
    } catch {
      // EIO: nothing is mapped there (proc(5)).
      return undefined;
    }
  };
}
