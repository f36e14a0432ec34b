import { dirname } from 'node:path/posix';
import type { Servant, Tree } from '../harness';
import type { Access, Made, MadeTree } from './made';

export interface Devices {
  readonly right: string;
  readonly wrong: string;
}

const asMade = {
  directory: 0o755,
  link: 0o777,
  right: 0o660,
  wrong: 0o660,
  character: 0o666,
  socket: 0o666,
  fifo: 0o666,
  file: 0o660,
};

/**
 * Makes topologies in one namespace. Everything is made by a process that lives in there, so that not even a
 * wrong link could lead out of it.
 */
export class Builder {
  private mounted: string[] = [];

  constructor(
    private readonly servant: Servant,
    private readonly tree: Tree,
    private readonly devices: Devices,
  ) {}

  async build(made: MadeTree): Promise<void> {
    const ordered = [...made].sort(([one], [other]) => one.length - other.length);
    const directories = new Set<string>(['/dev']);
    const done: Promise<void>[] = [];
    for (const [path, entry] of ordered) {
      if (!directories.has(dirname(path))) continue;
      if (entry.kind === 'directory') directories.add(path);
      done.push(this.make(path, entry));
      if (entry.kind === 'directory' && entry.mount) {
        await Promise.all(done);
        const options = entry.mount === 'plain' ? 'mode=755,dev' : `mode=755,dev,${entry.mount}`;
        this.tree.mount('-t', 'tmpfs', '-o', options, 'tmpfs', path);
        this.mounted.push(path);
      }
    }
    await Promise.all(done);
    // From the deepest up, so that every directory can still be reached whatever its mode becomes.
    for (const [path, { kind, access }] of ordered.reverse()) {
      if (access && directories.has(dirname(path))) await this.permit(path, kind, access);
    }
  }

  async remove(base: string): Promise<void> {
    for (const path of this.mounted.reverse()) this.tree.inside('umount', '--lazy', path);
    this.mounted = [];
    await this.servant.tell('remove-tree', base);
  }

  private async make(path: string, entry: Made): Promise<void> {
    const answers = [];
    switch (entry.kind) {
      case 'directory':
        answers.push(this.servant.tell('mkdir', path, 0o755));
        break;
      case 'link':
        answers.push(this.servant.tell('symlink', path, entry.target));
        break;
      case 'file':
        answers.push(this.servant.tell('file', path));
        break;
      case 'right':
      case 'wrong':
        answers.push(this.servant.tell('mknod', path, 'b', 0o660, ...this.devices[entry.kind].split(':')));
        break;
      case 'character':
        answers.push(this.servant.tell('mknod', path, 'c', 0o666, 1, 3));
        break;
      default:
        answers.push(this.servant.tell('mknod', path, entry.kind === 'socket' ? 's' : 'p', 0o666, 0, 0));
    }
    answers.push(
      this.servant.tell('own', path, entry.kind === 'directory' ? 0 : 9869, 0, asMade[entry.kind]),
    );
    await Promise.all(answers);
  }

  private async permit(path: string, kind: Made['kind'], { mode, uid, gid, acl }: Access): Promise<void> {
    await this.servant.tell('own', path, uid, gid, mode);
    if (acl !== undefined && kind !== 'link') this.tree.acl(path, acl);
  }
}
