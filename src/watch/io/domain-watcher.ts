import { watch, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import { errorName } from '../../core/error-name';
import { log } from '../../os/log';

/** Notices when libvirt writes or removes the status file of a domain: when one starts, ends, or gets another disk. */
export class DomainWatcher {
  private watcher: FSWatcher | undefined;

  /** `changed`: called with the domain's name; `lost`: the directory was replaced, and is to be started again. */
  constructor(
    private readonly stateDirectory: string,
    private readonly changed: (domain: string) => void,
  ) {}

  get isRunning(): boolean {
    return this.watcher !== undefined;
  }

  /** Starts it, also after libvirt's directory was replaced; a directory that is missing can be tried again later. */
  start(): void {
    if (this.watcher) return;
    try {
      this.watcher = watch(this.stateDirectory, (event, name) => this.notice(event, name));
      this.watcher.on('error', () => this.end());
    } catch (error) {
      log("libvirt's directory cannot be watched", { directory: this.stateDirectory, why: errorName(error) });
    }
  }

  end(): void {
    this.watcher?.close();
    this.watcher = undefined;
  }

  private notice(event: 'rename' | 'change', name: string | null): void {
    if (event === 'rename' && name === basename(this.stateDirectory)) this.end();
    // libvirt writes a new file and renames it (src/util/virfile.c, virFileRewrite).
    else if (event === 'rename' && name?.endsWith('.xml') === true)
      this.changed(name.slice(0, -'.xml'.length));
  }
}
