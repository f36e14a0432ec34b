import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Volume } from './volume';

/** The things of a lab that could remain on the real machine after its end. */
export interface Traces {
  /** The names that `/proc/PID/ns` shows. */
  readonly namespaces: readonly string[];
  /** The deleted files behind the volumes. */
  readonly files: readonly string[];
}

const KINDS = ['net', 'mnt', 'pid', 'uts', 'ipc'];

/** @param firstProcesses the first processes of hosts and fabric, on the real machine */
export function tracesOf(firstProcesses: readonly number[], volumes: readonly Volume[]): Traces {
  return {
    namespaces: firstProcesses.flatMap((pid) => KINDS.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`))),
    files: volumes.map(({ name }) => backingFile(name) ?? `none: ${name}`),
  };
}

/** The things that still exist, one line each. */
export function leftovers({ namespaces, files }: Traces): string[] {
  const processes = readdirSync('/proc').filter((entry) => {
    return /^\d+$/.test(entry) && namespacesOf(entry).some((namespace) => namespaces.includes(namespace));
  });
  const devices = readdirSync('/sys/block').filter((name) => files.includes(backingFile(name) ?? ''));
  return [...processes.map((pid) => `process ${pid}: ${commandOf(pid)}`), ...devices];
}

function namespacesOf(pid: string): string[] {
  try {
    return KINDS.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  } catch {
    return []; // The process is gone, or is a zombie without namespaces.
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return 'gone';
  }
}

function backingFile(device: string): string | undefined {
  try {
    return readFileSync(`/sys/block/${device}/loop/backing_file`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
