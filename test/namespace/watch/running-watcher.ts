import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { WatchState } from '../../../src/watch/model/state';
import { until, type Stage } from '../harness';

/** `migrate-guard watch` on the host of a stage. */
export class RunningWatcher {
  /** What it printed, both streams. */
  output = '';

  private constructor(
    private readonly stage: Stage,
    readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
  }

  /** `under`: a command that runs it. */
  static start(
    stage: Stage,
    configuration = stage.configuration,
    under: readonly string[] = [],
  ): RunningWatcher {
    const words = ['nsenter', ...stage.enter, '--', ...under, ...stage.words(['watch', ...configuration])];
    return new RunningWatcher(
      stage,
      spawn(words[0] ?? '', words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  /** What it writes for other programs. */
  state(): WatchState | undefined {
    try {
      return JSON.parse(
        readFileSync(this.stage.host.path('/run/migrate-guard/watch.json'), 'utf8'),
      ) as WatchState;
    } catch {
      return undefined;
    }
  }

  /** Waits until it sees this; from then on it misses no change of what it has seen. */
  async sees(what: string, isSeen: (state: WatchState) => boolean): Promise<WatchState> {
    const seen = (): WatchState | undefined => {
      const state = this.state();
      return state !== undefined && state.pid === this.child.pid && isSeen(state) ? state : undefined;
    };
    return await until(seen, {
      what: `the watcher sees ${what}`,
      evidence: () => [this.output, this.state()],
    });
  }

  /** Waits until it has these verdicts. */
  verdicts(wanted: Readonly<Record<string, string>>): Promise<WatchState> {
    const all = JSON.stringify(Object.entries(wanted).sort());
    return this.sees(all, ({ domains, directories }) => {
      const now = Object.entries(domains).map(([name, { verdict }]) => [name, verdict]);
      return directories.events > 0 && JSON.stringify(now.sort()) === all;
    });
  }

  async says(text: string): Promise<void> {
    const what = `the watcher says ${text}`;
    await until(() => this.output.includes(text), { what, evidence: () => this.output });
  }

  /** @returns its exit status */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
    return this.child.exitCode;
  }
}
