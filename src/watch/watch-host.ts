import { printable } from '../cli/escape';
import { renderStep } from '../cli/render-report';
import { print } from '../cli/stdout';
import { version } from '../cli/version';
import type { Settings } from '../config/settings';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { withDomainLock } from '../hypervisor/domain-lock';
import { message, textOf } from '../messages';
import { startTimeOf } from '../os/process-start-time';
import { writeState } from './io/state-file';
import type { WatchReport } from './look';
import { isNews, remedyIn, watchedVm, type WatchedVm } from './model/state';
import { secondsNow, Watcher, type HostSeen, type WatchOutput } from './watcher';

/** Holds the lock of the one watcher of a host. */
const lockDirectory = '/run/migrate-guard/watcher';

/** Watches this host until a signal. @returns the exit status @throws GuardError busy: another one does */
export async function watchHost(settings: Settings): Promise<number> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  // For as long as it runs, or a child's end would end it in the middle of a repair (os/child-process.ts, passOn).
  for (const signal of signals) process.on(signal, end);
  try {
    const watcher = new Watcher(settings, new Journal(settings.libvirt.logDirectory));
    const hangs = await withDomainLock('host', () => watcher.run(stop.signal), { directory: lockDirectory });
    // Node would wait for the storage.
    if (hangs) process.exit(0);
    return 0;
  } catch (error) {
    if (error instanceof GuardError && error.code === 'busy')
      throw new GuardError('busy', message('watch-runs-already'));
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** An error that comes back is printed again after this time, in milliseconds. */
const repeatMs = 600_000;
const mostFailures = 100;

/** Prints a line for each thing done and for each VM that is not safe, once, and writes what is seen for other programs. */
class Journal implements WatchOutput {
  private readonly vms = new Map<string, WatchedVm>();
  private repaired = 0;
  private hasLogs = true;
  private isFull = false;
  /** When each error was printed. */
  private readonly failures = new Map<string, number>();

  constructor(private readonly logDirectory: string) {}

  looked(report: WatchReport, uuid: string | undefined, time: number): void {
    const name = report.domain;
    const now = watchedVm(report, uuid, time);
    const before = this.vms.get(name);
    this.vms.set(name, now);
    const isRepaired = 'result' in report && report.result === 'repaired';
    if (isRepaired) {
      this.repaired += 1;
      say(`${name}: repaired: ${report.plan.map(renderStep).join('; ')}`);
    }
    // A repair does not heal everything.
    if (isNews(now, before) && !(isRepaired && now.verdict === 'safe')) {
      const remedy = remedyIn(report);
      const found = `${now.verdict}: ${now.reason}${remedy === undefined ? '' : ` -> ${remedy}`}`;
      say(`${name}: ${now.verdict === 'safe' ? 'safe again' : found}`);
    }
  }

  gaveBack(domain: string, what: string): void {
    say(`${domain}: ${what}`);
  }

  gone(domain: string): void {
    this.vms.delete(domain);
  }

  failed(error: unknown): void {
    const text = textOf('watch-step-failed', { error: errorName(error) });
    const last = this.failures.get(text) ?? -Infinity;
    if (performance.now() - last < repeatMs) return;
    if (this.failures.size >= mostFailures) this.failures.clear();
    this.failures.set(text, performance.now());
    say(text);
  }

  seen({ names, pending, ...noticing }: HostSeen): void {
    if (this.hasLogs && !noticing.logs) say(textOf('logs-not-watched', { directory: this.logDirectory }));
    this.hasLogs = noticing.logs;
    if (noticing.directories.full && !this.isFull) say(textOf('watches-used-up'));
    this.isFull = noticing.directories.full;
    const time = secondsNow();
    const unseen = {
      pid: null,
      verdict: 'undecided',
      blockState: 'unknown',
      reason: textOf('watch-not-looked-at'),
      short: textOf('watch-not-looked-at'),
      hasNotes: false,
      time,
    } as const;
    writeState({
      pid: process.pid,
      startTime: startTimeOf(process.pid) ?? 0,
      version: version(),
      time,
      ...noticing,
      repaired: this.repaired,
      domains: Object.fromEntries(
        names.map((name) => [name, { ...(this.vms.get(name) ?? unseen), pending: pending.has(name) }]),
      ),
    });
  }
}

function say(line: string): void {
  print(`${printable(line)}\n`);
}
