import { readdirSync, readFileSync } from 'node:fs';
import { errorName } from '../../core/error-name';
import type { Unknown } from '../../core/unknown';
import { textOf } from '../../messages';

/** The arguments of each running driver of this machine's oned; `undefined` where no oned runs. */
type RunningDrivers = readonly string[] | undefined;

/**
 * The arguments of each VMM driver that oned has started. oned reads oned.conf once, when it starts (Nebula.cc, start), and
 * gives ARGUMENTS to the program as one word (include/Driver.h, start_driver: execlp); that is a shell script, which runs
 * one_vmm_exec.rb with the words of it (src/mad/sh/madcommon.sh, execute_mad). It is so from 6.0 to 7.4. one.system.config
 * would give the same, but a follower of an HA cluster forwards that to the leader (RequestManager), which is
 * another machine.
 */
export function readRunningDrivers(): RunningDrivers | Unknown {
  const first = '/proc/1/status';
  try {
    readFileSync(first);
  } catch (error) {
    // The mount option hidepid (proc(5)).
    return {
      unknown: textOf('processes-not-seen', { path: first, why: errorName(error) }),
      remedy: textOf('doctor-run-as-root'),
    };
  }
  const processes = readdirSync('/proc').flatMap((pid) =>
    /^\d+$/.test(pid) ? (readProcess(pid) ?? []) : [],
  );
  const oned = new Set(processes.filter(({ name }) => name === 'oned').map(({ pid }) => pid));
  if (oned.size === 0) return undefined;
  return processes.flatMap(({ parent, pid }) => (oned.has(parent) ? (readArguments(pid) ?? []) : []));
}

interface Process {
  readonly pid: string;
  readonly parent: string;
  readonly name: string;
}

/** `undefined` for a process that has ended, and for one in a container, which may have an oned of its own. */
function readProcess(pid: string): Process | undefined {
  const text = readText(`/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  // In a PID namespace below this one a process has more than one number.
  return field('NSpid') === pid ? { pid, parent: field('PPid'), name: field('Name') } : undefined;
}

function readArguments(pid: string): string | undefined {
  const [, script = '', ...words] = readText(`/proc/${pid}/cmdline`).replace(/\0$/, '').split('\0');
  return script.endsWith('/one_vmm_exec.rb') ? words.join(' ') : undefined;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}
