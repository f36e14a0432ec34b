import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Volume } from './volume';

/** What of a lab could outlive it on the real machine. */
export interface Traces {
  /** As `/proc/PID/ns` shows them. */
  readonly namespaces: readonly string[];
  /** The nameless files behind the volumes. */
  readonly files: readonly string[];
}

const KINDS = ['net', 'mnt', 'pid', 'uts', 'ipc'];

/** @param firstProcesses of hosts and fabric, as the real machine counts */
export function tracesOf(firstProcesses: readonly number[], volumes: readonly Volume[]): Traces {
  return {
    namespaces: firstProcesses.flatMap((pid) => KINDS.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`))),
    files: volumes.map(({ name }) => backingFile(name) ?? `none: ${name}`),
  };
}

/** Which of it is still there, one line each. */
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
    return []; // gone, or a zombie: it has none any more
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
