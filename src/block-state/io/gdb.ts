import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { changedMark, clearedMark, gdbOptions } from '../model/gdb-clear-script';
import type { Unknown } from '../../core/unknown';
import { textOf } from '../../messages';
import { runCommand, type CommandResult } from '../../os/run-command';
import type { QemuProcess } from '../../hypervisor/process';

/**
 * Runs gdb (from the third argument on) for so many seconds, then continues the process. A gdb that gets SIGTERM or
 * SIGINT while it attaches passes SIGINT on to QEMU, which ends (measured); so only SIGKILL may reach it: when a tracer
 * dies, the kernel detaches its tracee (ptrace(2)). A stop signal may still be pending then, and this shell sends
 * SIGCONT even if this program has ended by then.
 */
const shieldScript = `trap '' HUP INT TERM; seconds=$1 pid=$2; shift 2
timeout --signal=KILL "$seconds" "$@"; status=$?; kill -CONT "$pid"; exit "$status"`;
const settleAttempts = 40;
const settlePauseMs = 25;

export function gdbCommand(file: string): readonly [string, ...string[]] {
  return ['gdb', ...gdbOptions, '-x', file];
}

/**
 * Runs a script that attaches to QEMU and detaches, within `deadline` seconds. It has its own session, so that the
 * deadline holds, and no Ctrl-C reaches gdb, even if this program ends.
 */
export async function runGdb(
  qemu: QemuProcess,
  script: string,
  deadline: number,
): Promise<{ readonly cleared: true } | Unknown> {
  const before = stoppedThreads(qemu);
  if (before.length > 0) return { unknown: textOf('process-stopped', { pid: qemu.pid }) };
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-'));
  let result: CommandResult;
  try {
    const file = join(directory, 'script.gdb');
    writeFileSync(file, script, { mode: 0o600 });
    const session = ['setsid', '--fork', '--wait', 'sh', '-c', shieldScript, 'sh'] as const;
    const argv = [...session, String(deadline), String(qemu.pid), ...gdbCommand(file)] as const;
    result = await runCommand([...argv], { deadline: (deadline + 3) * 1000, cwd: '/' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const stopped = await continueProcess(qemu);
  if (stopped) return stopped;
  if (result.stdout.includes(clearedMark)) return { cleared: true };
  if (result.stdout.includes(changedMark)) return { unknown: textOf('changed-before-gdb') };
  if (result.missing || result.exit === 127) return { unknown: textOf('gdb-missing') };
  if (result.timedOut || result.exit === 124 || result.exit === 137) {
    return { unknown: textOf('gdb-killed', { seconds: deadline }) };
  }
  const words = result.stderr.split('\n').filter((line) => line.trim() !== '' && !/^warning:/i.test(line));
  const status = textOf('ended-with-status', { status: result.exit ?? textOf('by-a-signal') });
  return { unknown: textOf('gdb-failed', { problem: words.at(-1)?.trim() ?? status }) };
}

export async function hasGdb(): Promise<boolean> {
  const result = await runCommand(['gdb', '-nx', '--version'], { deadline: 5_000 });
  return result.exit === 0;
}

/** Threads in state `T` or `t` (proc(5)). */
export function stoppedThreads(qemu: QemuProcess): number[] {
  return readdirSync(`${qemu.path}/task`)
    .map(Number)
    .filter((thread) => {
      try {
        return /\) [Tt] /.test(readFileSync(`${qemu.path}/task/${thread}/stat`, 'utf8'));
      } catch {
        return false;
      }
    });
}

/** Makes sure that gdb leaves no thread stopped. `undefined` when QEMU runs, or has ended. */
async function continueProcess(qemu: QemuProcess): Promise<Unknown | undefined> {
  for (let attempt = 0; attempt < settleAttempts; attempt += 1) {
    if (qemu.isAlive() === false) return undefined;
    if (stoppedThreads(qemu).length === 0) return undefined;
    // It was not stopped before gdb attached, so no other program wants it stopped.
    if (attempt > 0) process.kill(qemu.pid, 'SIGCONT');
    await pause(settlePauseMs);
  }
  return { unknown: textOf('still-stopped', { pid: qemu.pid }) };
}
