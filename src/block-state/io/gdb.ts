import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { changedMark, clearedMark, gdbOptions } from '../model/gdb-clear-script';
import type { Unknown } from '../../core/unknown';
import { runCommand, type CommandResult } from '../../os/run-command';
import type { QemuProcess } from '../../hypervisor/process';

/**
 * Runs gdb (from the third argument on) for so many seconds, then lets a process run on. gdb that gets SIGTERM or
 * SIGINT while it attaches passes SIGINT on to QEMU, which ends (measured); so nothing but SIGKILL may reach it:
 * when a tracer dies, the kernel detaches what it traced (ptrace(2)). What stays is a stop signal that was on its
 * way, and that is taken back even when this program is gone by then.
 */
const guarded = `trap '' HUP INT TERM; seconds=$1 pid=$2; shift 2
timeout --signal=KILL "$seconds" "$@"; status=$?; kill -CONT "$pid"; exit "$status"`;
const settleAttempts = 40;
const settlePauseMs = 25;

/** The command line that runs the script in a file. */
export function gdbCommand(file: string): readonly [string, ...string[]] {
  return ['gdb', ...gdbOptions, '-x', file];
}

/**
 * Runs a script that attaches to QEMU and detaches, within `deadline` seconds. It is a session of its own, so that
 * the deadline holds, and no Ctrl-C reaches gdb, whatever becomes of this program.
 */
export async function runGdb(
  qemu: QemuProcess,
  script: string,
  deadline: number,
): Promise<{ readonly cleared: true } | Unknown> {
  const before = stoppedThreads(qemu);
  if (before.length > 0) return { unknown: `process ${qemu.pid} is already stopped or traced by someone` };
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-'));
  let result: CommandResult;
  try {
    const file = join(directory, 'script.gdb');
    writeFileSync(file, script, { mode: 0o600 });
    const session = ['setsid', '--fork', '--wait', 'sh', '-c', guarded, 'sh'] as const;
    const argv = [...session, String(deadline), String(qemu.pid), ...gdbCommand(file)] as const;
    result = await runCommand([...argv], { deadline: (deadline + 3) * 1000, cwd: '/' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const left = await letRun(qemu);
  if (left !== undefined) return left;
  if (result.stdout.includes(clearedMark)) return { cleared: true };
  if (result.stdout.includes(changedMark))
    return { unknown: 'the block state changed before gdb stood there' };
  if (result.missing || result.exit === 127) return { unknown: 'gdb is not installed' };
  if (result.timedOut || result.exit === 124 || result.exit === 137) {
    return { unknown: `gdb did not end within ${deadline} s and was killed` };
  }
  const said = result.stderr.split('\n').filter((line) => line.trim() !== '' && !/^warning:/i.test(line));
  return { unknown: `gdb failed: ${said.at(-1)?.trim() ?? `it ended with ${result.exit ?? 'a signal'}`}` };
}

/** Whether gdb can be started at all. */
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

/** Sees to it that no thread stays stopped by what gdb did. `undefined` when the guest runs, or is gone. */
async function letRun(qemu: QemuProcess): Promise<Unknown | undefined> {
  for (let attempt = 0; attempt < settleAttempts; attempt += 1) {
    if (qemu.isAlive() === false) return undefined;
    if (stoppedThreads(qemu).length === 0) return undefined;
    // It ran before gdb came, and gdb is gone: nobody else wants it stopped.
    if (attempt > 0) process.kill(qemu.pid, 'SIGCONT');
    await pause(settlePauseMs);
  }
  return { unknown: `process ${qemu.pid} is still stopped; continue it with: kill -CONT ${qemu.pid}` };
}
