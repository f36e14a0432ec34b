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
import type { Looked } from './look';
import { isNews, remedyIn, watchedVm, type WatchedVm } from './model/state';
import { Watcher, type Noticing, type WatchOutput } from './watcher';

/** Holds the lock of the one watcher of a host. */
const lockDirectory = '/run/migrate-guard/watcher';

/** Watches this host until a signal. @returns the exit status @throws GuardError busy: another one does */
export async function watchHost(settings: Settings): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop.abort());
  try {
    await withDomainLock('host', () => new Watcher(settings, new Journal()).run(stop.signal), lockDirectory);
    return 0;
  } catch (error) {
    if (error instanceof GuardError && error.code === 'busy')
      throw new GuardError('busy', message('watch-runs-already'));
    throw error;
  }
}

/** Prints a line for each thing done and for each VM that is not safe, once, and writes what is seen for other programs. */
class Journal implements WatchOutput {
  private readonly vms = new Map<string, WatchedVm>();
  private repaired = 0;
  private failure = '';

  looked({ report, repair }: Looked): void {
    const name = report.domain;
    const now = watchedVm(report, seconds());
    const before = this.vms.get(name);
    this.vms.set(name, now);
    if (repair?.result === 'repaired') {
      this.repaired += 1;
      say(`${name}: repaired: ${repair.plan.map(renderStep).join('; ')}`);
    } else if (isNews(now, before)) {
      const remedy = remedyIn(report);
      say(
        now.verdict === 'safe'
          ? `${name}: safe again`
          : `${name}: ${now.verdict}: ${now.reason}${remedy === undefined ? '' : ` -> ${remedy}`}`,
      );
    }
  }

  gone(domain: string): void {
    this.vms.delete(domain);
  }

  failed(error: unknown): void {
    const text = textOf('watch-step-failed', { error: errorName(error) });
    if (text !== this.failure) say(text);
    this.failure = text;
  }

  seen({ directories, mounts }: Noticing): void {
    writeState({
      pid: process.pid,
      startTime: startTimeOf(process.pid) ?? 0,
      version: version(),
      time: seconds(),
      directories,
      mounts,
      repaired: this.repaired,
      domains: Object.fromEntries(this.vms),
    });
  }
}

/** Since 1970. */
function seconds(): number {
  return Math.floor(new Date().getTime() / 1000);
}

function say(line: string): void {
  print(`${printable(line)}\n`);
}
