/** Something that is done regularly; it returns the milliseconds until the next time. */
interface Task {
  at: number;
  readonly run: () => number | Promise<number>;
}

/** A task that failed is tried again after this time, in milliseconds. */
const againMs = 5000;

/** Does regular tasks, and what becomes due in between, one after the other. */
export class Loop {
  private wake: () => void = () => undefined;

  constructor(private readonly failed: (error: unknown) => void) {}

  /** Something may be due earlier than it was. */
  wakeUp(): void {
    this.wake();
  }

  /**
   * Runs until `signal`. `runDue`: does what is due, and returns the milliseconds until the next. What throws does not end
   * it.
   */
  async run(
    regular: readonly Task['run'][],
    runDue: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<void> {
    const tasks = regular.map((run): Task => ({ at: 0, run }));
    signal.addEventListener('abort', () => this.wake());
    for (;;) {
      for (const task of tasks) {
        if (signal.aborted) return;
        if (task.at <= performance.now()) task.at = performance.now() + (await this.attempt(task.run));
      }
      const untilDue = await this.attempt(runDue);
      const untilTask = Math.min(...tasks.map(({ at }) => at)) - performance.now();
      if (!signal.aborted) await this.sleep(Math.min(untilDue, untilTask));
    }
  }

  private async attempt<T>(work: () => T | Promise<T>): Promise<T | typeof againMs> {
    try {
      return await work();
    } catch (error) {
      this.failed(error);
      return againMs;
    }
  }

  private async sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(milliseconds, 0));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = () => undefined;
  }
}
