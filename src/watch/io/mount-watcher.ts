import { killGroup, signalGroup, startLasting, type LastingChild } from '../../os/child-process';
import { log } from '../../os/log';
import { Lines, tooLong } from '../../os/model/line-splitter';
import { mountPointsIn } from '../model/mount-points';

/** findmnt(8) waits until the kernel reports a change of the mount table (poll(2) on `/proc/self/mountinfo`). */
const command = ['findmnt', '--poll', '--raw', '--noheadings', '--output', 'TARGET,OLD-TARGET'] as const;
/** Two paths, each character escaped. */
const longestLine = 64 * 1024;

/** Notices when a file system is mounted, unmounted or moved on the host. */
export class MountWatcher {
  private child: LastingChild | undefined;

  /** `changed`: called with each mount point. */
  constructor(private readonly changed: (mountPoint: string) => void) {}

  get isRunning(): boolean {
    return this.child !== undefined;
  }

  /** Starts it, also after it has ended. @throws GuardError when this process may hold no more descriptors */
  start(): void {
    if (this.child) return;
    const lines = new Lines(longestLine);
    const child = startLasting(command, { env: { ...process.env, LC_ALL: 'C' } });
    this.child = child;
    child.stdout.on('data', (piece: Buffer) => {
      for (const line of lines.take(piece)) {
        // Of a mount point that cannot be read anything may be below.
        for (const path of line === tooLong ? ['/'] : mountPointsIn(line)) this.changed(path);
      }
    });
    child.stderr.resume();
    const end = (): void => {
      if (this.child === child) this.child = undefined;
    };
    child.once('exit', () => {
      killGroup(child);
      log('findmnt has ended', { exit: child.exitCode, signal: child.signalCode });
      end();
    });
    child.once('error', end);
  }

  end(): void {
    if (this.child) signalGroup(this.child, 'SIGTERM');
  }
}
