import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '../../../src/messages';
import type { WatchState } from '../../../src/watch/model/state';
import { asService } from '../../support/watch-unit';
import type { Host } from './lab-host';
import { until } from './until';

const program = join(__dirname, '../../../dist/migrate-guard.cjs');
const unseen = textOf('watch-not-looked-at');
const stateFile = '/run/migrate-guard/watch.json';

/** The built `migrate-guard watch` on a host, with the capabilities that its unit leaves to it. */
export class HostWatcher {
  /** What it printed, both streams. */
  output = '';

  private constructor(
    readonly host: Host,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
  }

  /** Returns when it has looked at every running domain; from then on it misses no change. */
  static async start(host: Host, options: readonly string[] = []): Promise<HostWatcher> {
    host.remove(stateFile);
    const command = [process.execPath, program, 'watch', ...options];
    const watcher = new HostWatcher(host, host.start([...asService(), ...command]));
    await watcher.sees('every domain', ({ libvirt, domains }) => {
      return libvirt && Object.values(domains).every(({ reason }) => reason !== unseen);
    });
    return watcher;
  }

  /** What it writes for other programs. */
  state(): WatchState | undefined {
    try {
      return JSON.parse(readFileSync(this.host.path(stateFile), 'utf8')) as WatchState;
    } catch {
      return undefined;
    }
  }

  async sees(what: string, isSeen: (state: WatchState) => boolean): Promise<WatchState> {
    const seen = (): WatchState | undefined => {
      const state = this.state();
      return state !== undefined && isSeen(state) ? state : undefined;
    };
    return await until(seen, {
      what: `the watcher of ${this.host.name} sees ${what}`,
      evidence: () => [this.output, this.state()],
    });
  }

  /** Returns when it has printed this, after so many characters. */
  async says(text: string, from = 0): Promise<void> {
    const what = `the watcher of ${this.host.name} says ${text}`;
    await until(() => this.output.slice(from).includes(text), { what, evidence: () => this.output });
  }

  /** @returns its exit status */
  async end(signal: 'TERM' | 'KILL' = 'TERM'): Promise<number | null> {
    const ended = once(this.child, 'exit');
    await this.signal(signal);
    // nsenter(1) stops with its child, and does not see the end of it then (sys-utils/nsenter.c, continue_as_child).
    this.child.kill('SIGCONT');
    await ended;
    return this.child.exitCode;
  }

  async signal(signal: 'TERM' | 'KILL' | 'STOP'): Promise<void> {
    const { pid } = await this.sees('itself', () => true);
    await this.host.succeed(['kill', `-${signal}`, String(pid)]);
  }
}
