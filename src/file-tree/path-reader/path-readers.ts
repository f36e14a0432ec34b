import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { textOf } from '../../messages';
import { mountAt, parseMounts, type Mount } from '../model/mounts';
import type { AvoidedPath, PathQuestion } from '../model/path-question';
import type { Credentials } from '../../os/model/process-status';
import { asUserArgv } from '../../os/as-user-argv';
import { openPath } from '../../os/open-file';
import { rememberedHangs, rememberHang } from './hung-mounts';
import { PathReader, type Answered, type HungChild } from './path-reader';

interface Root {
  readonly descriptor: number;
  readonly mounts: () => readonly Mount[];
}

/**
 * One child for each user whose paths are resolved, for the whole run. Root directories have to be added before the
 * first question: Node cannot pass a descriptor to a running process.
 */
export class PathReaders {
  private readonly roots: Root[] = [];
  private readonly readers = new Map<string, PathReader>();
  /** Storage that did not answer in this run. */
  private readonly hung: AvoidedPath[] = [];

  /** `hostRoot`: the root directory of the host's file tree. */
  constructor(hostRoot = '/') {
    this.add(openSync(hostRoot, openPath | constants.O_DIRECTORY), () =>
      parseMounts(readFileSync('/proc/self/mountinfo', 'utf8')),
    );
  }

  /** Returns the number by which questions name this root directory. The caller closes the descriptor. */
  add(descriptor: number, mounts: Root['mounts']): number {
    return this.roots.push({ descriptor, mounts }) - 1;
  }

  /** Resolves paths with the credentials of a QEMU; `root`: with those of this process. */
  read(who: Credentials | 'root', questions: readonly PathQuestion[]): Promise<readonly Answered[]> {
    return this.readerOf(who).read(questions);
  }

  end(): void {
    for (const reader of this.readers.values()) reader.end();
    const [host] = this.roots.splice(0);
    if (host) closeSync(host.descriptor);
  }

  private readerOf(who: Credentials | 'root'): PathReader {
    const key = JSON.stringify(who);
    const known = this.readers.get(key);
    if (known) return known;
    const reader = new PathReader({
      asUser: who === 'root' || isOurs(who) ? [] : asUserArgv(who),
      roots: this.roots.map(({ descriptor }) => descriptor),
      avoid: () => [...this.hung, ...rememberedHangs()],
      onHang: (hung) => this.remember(hung),
    });
    this.readers.set(key, reader);
    return reader;
  }

  private remember({ pid, question, hangsAt }: HungChild): string {
    const hang = hangOf(hangsAt, this.roots[question.root]?.mounts() ?? []);
    this.hung.push(hang);
    rememberHang(pid, hang);
    return hang.why;
  }
}

/** All of the mount is avoided, except `/`, on which nearly everything lies, and `/dev`, which needs no server. */
function hangOf(path: string, mounts: readonly Mount[]): AvoidedPath {
  const mount = mountAt(mounts, path);
  if (!mount || mount.path === '/' || mount.path === '/dev') {
    return { path, why: textOf('path-storage-hangs', { path }) };
  }
  return { path: mount.path, why: textOf('mount-hangs', { path: mount.path }) };
}

/** Without root, paths can only be resolved with the credentials of this process. */
function isOurs({ uid }: Credentials): boolean {
  return process.geteuid?.() !== 0 && process.geteuid?.() === uid;
}
