import { dirname } from 'node:path/posix';
import type { Servant, Tree } from '../../harness';
import { bytesOf, hasOddBytes } from './file-contents';
import { sharedFile, type Made, type MadeTree } from './topology-spec';

export interface Devices {
  readonly right: string;
  readonly wrong: string;
}

const asMade = {
  directory: 0o755,
  link: 0o777,
  right: 0o660,
  wrong: 0o660,
  twin: 0o666,
  character: 0o666,
  socket: 0o666,
  fifo: 0o666,
  file: 0o660,
};
/** The longest path that setfacl(1) accepts, and the longest target of a link. */
const longestPath = 4095;

/**
 * Creates topologies in one namespace. A process inside that namespace creates everything, so that even a wrong link
 * cannot lead out of it.
 */
export class Builder {
  constructor(
    private readonly servant: Servant,
    private readonly tree: Tree,
    private readonly devices: Devices,
  ) {}

  async build(made: MadeTree): Promise<void> {
    const ordered = [...made].sort(([one], [other]) => one.length - other.length);
    const directories = new Set<string>(['/dev']);
    const there = ordered.filter(([path, entry]) => {
      const canBe = entry.kind !== 'link' || bytesOf(entry.target).length <= longestPath;
      const isThere = canBe && directories.has(dirname(path));
      if (isThere && entry.kind === 'directory') directories.add(path);
      return isThere;
    });
    await Promise.all(there.map(([path, entry]) => this.make(path, entry)));
    const deepestFirst = there.reverse();
    // The deepest come first, so that every directory can still be reached, whatever its mode becomes.
    for (const [path, entry] of deepestFirst) await this.permit(path, entry);
    for (const [path, entry] of deepestFirst) await this.bind(path, entry, made);
  }

  async remove(base: string): Promise<void> {
    await this.servant.tell('remove-tree', base);
  }

  private async make(path: string, entry: Made): Promise<void> {
    const name = bytesOf(path);
    const tell = (verb: string, ...words: readonly (string | number | Buffer)[]): Promise<void> =>
      this.servant.tell(verb, name, ...words);
    const answers = [];
    switch (entry.kind) {
      case 'directory':
        answers.push(tell('mkdir', 0o755));
        for (const option of entry.mounts ?? []) answers.push(tell('mount', 'tmpfs', ...optionsOf(option)));
        break;
      case 'link':
        answers.push(tell('symlink', bytesOf(entry.target)));
        break;
      case 'file':
        answers.push(tell('file'));
        break;
      case 'right':
      case 'wrong':
        answers.push(tell('mknod', 'b', 0o660, ...this.devices[entry.kind].split(':')));
        break;
      case 'twin':
        answers.push(tell('mknod', 'c', 0o666, ...this.devices.right.split(':')));
        break;
      case 'character':
        answers.push(tell('mknod', 'c', 0o666, 1, 3));
        break;
      default:
        answers.push(tell('mknod', entry.kind === 'socket' ? 's' : 'p', 0o666, 0, 0));
    }
    answers.push(tell('own', entry.kind === 'directory' ? 0 : 9869, 0, asMade[entry.kind]));
    await Promise.all(answers);
  }

  private async permit(path: string, { kind, access }: Made): Promise<void> {
    if (!access) return;
    const { mode, uid, gid, acl } = access;
    await this.servant.tell('own', bytesOf(path), uid, gid, mode);
    const takesList = kind !== 'link' && Buffer.byteLength(path) <= longestPath && !hasOddBytes(path);
    if (acl !== undefined && takesList) this.tree.acl(path, acl);
  }

  /** A mount that fails because another mount hides its target is skipped: the tree is still a valid topology. */
  private async bind(path: string, { kind, binds }: Made, made: MadeTree): Promise<void> {
    const isDirectory = (from: string): boolean => made.get(from)?.kind === 'directory';
    for (const { from, option } of kind === 'link' ? [] : (binds ?? [])) {
      const isKnown = from === sharedFile || (made.has(from) && made.get(from)?.kind !== 'link');
      if (!isKnown || isDirectory(from) !== (kind === 'directory')) continue;
      await this.servant.ask('mount', bytesOf(path), bytesOf(from), ...optionsOf(option));
    }
  }
}

function optionsOf(option: string): string[] {
  return option === 'plain' ? [] : [option];
}
