import { print } from './stdout';

const redrawIntervalMs = 100;

/** One line on stderr that is redrawn, if that is a terminal. */
export class Progress {
  private last = -Infinity;

  show(text: string): void {
    if (!process.stderr.isTTY || performance.now() - this.last < redrawIntervalMs) return;
    this.last = performance.now();
    process.stderr.write(`\r${text}\u001b[K`);
  }

  /** Prints to stdout, without mixing it with the line. */
  above(text: string): void {
    this.end();
    print(text);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    this.last = -Infinity;
  }
}

const barWidthChars = 20;

/** A bar for work of a known length: `hosts ######-------------- 12/40`. */
export function progressOf(what: string): {
  readonly progress: (done: number, all: number) => void;
  readonly end: () => void;
} {
  const progress = new Progress();
  return {
    progress: (done, all) => {
      const filled = Math.round((done / Math.max(1, all)) * barWidthChars);
      progress.show(`${what} ${'#'.repeat(filled).padEnd(barWidthChars, '-')} ${done}/${all}`);
    },
    end: () => progress.end(),
  };
}
