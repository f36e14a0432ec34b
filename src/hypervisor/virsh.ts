import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { GuardError } from '../core/errors';
import type { Unknown } from '../core/unknown';
import { message, textOf } from '../messages';
import { runCommand, type CommandResult } from '../os/run-command';
import type { VirshOrders } from './qmp-client';
import { quietVirsh } from './virsh-argv';

/**
 * Asks libvirtd through virsh; every call ends after `deadline` milliseconds. Domains are named by UUID: virsh takes a
 * name that is a number for the id of another domain.
 */
export class Virsh implements VirshOrders {
  /** libvirtd has not answered in time, in a run over many domains. */
  private hangs = false;

  /**
   * `until`: the end of a run over many domains, by `performance.now()`. With it a libvirtd that hangs is asked once, not
   * once for each domain, and nothing is asked later.
   */
  constructor(
    private readonly deadline: number,
    private readonly until?: number,
  ) {}

  /** The UUIDs of the running domains by their names. @throws GuardError when libvirtd does not answer. */
  async listDomains(): Promise<ReadonlyMap<string, string>> {
    const result = await this.virsh('list', '--uuid', '--name');
    if (result.exit !== 0) throw this.failure(result);
    const lines = result.stdout.split('\n').map((line) => /^([0-9a-f-]{36}) +(.+)$/.exec(line.trimEnd()));
    return new Map(lines.flatMap((found) => (found ? [[found[2] ?? '', found[1] ?? ''] as const] : [])));
  }

  /** What virsh printed, or why libvirt refused. */
  async order(words: readonly string[]): Promise<string | Unknown> {
    const result = await this.virsh(...words);
    return result.exit === 0 ? result.stdout : { unknown: explain(result) };
  }

  /** What `virsh domstate` prints: `running`, `paused`, … */
  async state(uuid: string): Promise<string | Unknown> {
    const state = await this.order(['domstate', '--domain', uuid]);
    return typeof state === 'string' ? state.trim() : state;
  }

  /** Asks libvirt to end its long job, as Ctrl-C in `virsh migrate` does; the guest continues to run. */
  async abortJob(uuid: string): Promise<true | Unknown> {
    const done = await this.order(['domjobabort', '--domain', uuid]);
    return typeof done === 'string' || done;
  }

  /**
   * Suspends a running domain and resumes it at once. Once started it must complete, or the guest would stay paused: so
   * it is a process of its own, which no deadline, signal or end of this program stops. When libvirtd hangs, it waits
   * for libvirtd. One virsh does both, so that no process has to be started in between.
   * By UUID, because virsh parses its argument once more, and a name may hold anything.
   */
  async suspendAndResume(uuid: string): Promise<{ readonly resumed: true } | Unknown> {
    const { tmpdir } = await import('node:os');
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-'));
    const output = join(directory, 'output');
    const script = `trap '' HUP INT TERM; exec >"$1" 2>&1 </dev/null; shift; exec "$@"`;
    const orders = `suspend --domain ${uuid}; resume --domain ${uuid}`;
    try {
      const result = await runCommand(
        ['setsid', '--fork', '--wait', 'sh', '-c', script, 'sh', output, ...quietVirsh(orders)],
        { deadline: this.deadline, cwd: '/' },
      );
      if (result.exit === 0) return { resumed: true };
      const stderr = existsSync(output) ? readFileSync(output, 'utf8') : result.stderr;
      return { unknown: explain({ ...result, stderr }) };
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  private async virsh(...args: readonly string[]): Promise<CommandResult> {
    const argv = quietVirsh(...args);
    const left = Math.min(this.deadline, (this.until ?? Infinity) - performance.now());
    if (this.hangs || left <= 0)
      return { argv, exit: null, stdout: '', stderr: '', timedOut: true, missing: false };
    const result = await runCommand(argv, { deadline: left });
    this.hangs = this.until !== undefined && result.timedOut;
    return result;
  }

  private failure(result: CommandResult): GuardError {
    const reason = message('domains-not-listed', { why: explain(result) });
    return /authentication|permission denied|access denied/i.test(result.stderr)
      ? new GuardError('notPermitted', { ...reason, remedy: textOf('run-as-libvirt-group') })
      : new GuardError('undecided', reason);
  }
}

function explain(result: CommandResult): string {
  if (result.missing) return textOf('virsh-missing');
  if (result.timedOut) return textOf('libvirtd-late');
  const lines = result.stderr.split('\n').map((line) => line.trim().replace(/^error: /, ''));
  const printed = lines.filter((line) => line !== '').join('; ');
  return printed || textOf('virsh-ended', { exit: result.exit ?? textOf('by-a-signal') });
}
