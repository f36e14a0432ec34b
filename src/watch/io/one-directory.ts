import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import { errorName } from '../../core/error-name';
import { log } from '../../os/log';

/** `rename`: the entry was made, removed or replaced; `change`: it was written to, or has another owner or mode. */
export type DirectoryEvent = 'rename' | 'change';

/** Notices changes of the entries of a directory, which may be missing, and may be replaced. */
export class OneDirectory {
  private watcher: FSWatcher | undefined;
  /** Of the directory that is watched. */
  private identity: string | undefined;
  private events = 0;

  /** `notice`: called with the entry's name; `null`: the kernel did not give it. */
  constructor(
    private readonly directory: string,
    private readonly notice: (event: DirectoryEvent, name: string | null) => void,
  ) {}

  /** Not after the directory was removed or replaced: it is to be started again. */
  get isRunning(): boolean {
    return this.watcher !== undefined;
  }

  /**
   * To be called again from time to time: a directory that is missing may be there later, and the kernel does not report
   * the removal of one in which a file that was removed is open. @returns whether it was started now
   */
  start(): boolean {
    const identity = identityOf(this.directory);
    if (this.watcher && identity === this.identity) return false;
    this.lose();
    try {
      this.identity = identity;
      this.watcher = watch(this.directory, (event, name) => {
        this.events += 1;
        // The kernel gives the directory's own removal, after which the watch is dead, the directory's own name.
        if (event === 'rename' && name === basename(this.directory)) this.lose();
        else this.notice(event, name);
      });
      this.watcher.on('error', () => this.lose());
      return true;
    } catch (error) {
      log('a directory cannot be watched', { directory: this.directory, why: errorName(error) });
      return false;
    }
  }

  /** How many events there were since the last call. */
  takeEvents(): number {
    const { events } = this;
    this.events = 0;
    return events;
  }

  end(): void {
    this.lose();
  }

  private lose(): void {
    this.watcher?.close();
    this.watcher = undefined;
  }
}

function identityOf(directory: string): string | undefined {
  const found = statSync(directory, { throwIfNoEntry: false });
  return found && `${found.dev} ${found.ino}`;
}
