import { closeSync, constants, openSync, readSync } from 'node:fs';
import { errorName } from '../../../src/core/error-name';
import type { Host } from '../harness';

const chunk = Buffer.alloc(64 * 1024);
/** Milliseconds between two chunks: 3 MiB per second. */
const interval = 20;

/** A slow file to save into: a pipe. It can stop accepting data, as storage that has gone. */
export class SlowPipe {
  private readonly reading: NodeJS.Timeout;
  private still = false;

  private constructor(
    readonly path: string,
    private readonly fd: number,
  ) {
    this.reading = setInterval(() => this.read(), interval);
  }

  static async on(host: Host, path: string): Promise<SlowPipe> {
    host.remove(path);
    await host.succeed(['mkfifo', '--mode=666', path]);
    // Without a reader libvirt could not open it.
    return new SlowPipe(path, openSync(host.path(path), constants.O_RDONLY | constants.O_NONBLOCK));
  }

  standStill(): void {
    this.still = true;
  }

  goOn(): void {
    this.still = false;
  }

  close(): void {
    clearInterval(this.reading);
    closeSync(this.fd);
  }

  private read(): void {
    if (this.still) return;
    try {
      readSync(this.fd, chunk);
    } catch (error) {
      if (errorName(error) !== 'EAGAIN') throw error;
    }
  }
}
