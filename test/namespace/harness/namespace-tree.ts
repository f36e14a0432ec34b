import { spawnSync } from 'node:child_process';
import { chmodSync, lchownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Servant } from './namespace-agent';

interface Ownership {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** The file tree of a namespace, written from outside. No directory of a given path may be an absolute link. */
export class Tree {
  /** `pid`: a process in that namespace; `maker`: a process of root in any namespace. */
  constructor(
    private readonly pid: number,
    private readonly maker: Servant,
  ) {}

  get root(): string {
    return `/proc/${this.pid}/root`;
  }

  path(path: string): string {
    return `${this.root}${path}`;
  }

  directory(path: string, ownership: Ownership = {}): void {
    mkdirSync(this.path(path), { recursive: true });
    this.own(path, { mode: 0o755, ...ownership });
  }

  link(path: string, target: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    symlinkSync(target, this.path(path));
  }

  file(path: string, content = '', ownership: Ownership = {}): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
    this.own(path, { mode: 0o660, ...ownership });
  }

  /** A node: `b` a block device, `c` a character device, `s` a socket, `p` a FIFO. */
  async node(
    path: string,
    type: 'b' | 'c' | 's' | 'p',
    rdev = '0:0',
    ownership: Ownership = {},
  ): Promise<void> {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    const [major, minor] = rdev.split(':');
    await this.maker.tell('mknod', this.path(path), type, ownership.mode ?? 0o660, major ?? 0, minor ?? 0);
    this.own(path, { mode: 0o660, ...ownership });
  }

  own(path: string, { mode, uid = 0, gid = uid }: Ownership): void {
    lchownSync(this.path(path), uid, gid);
    if (mode !== undefined) chmodSync(this.path(path), mode);
  }

  /** In the notation of setfacl(1): `u:9869:rw`. */
  acl(path: string, entry: string): void {
    this.inside('setfacl', '--modify', entry, path);
  }

  mount(...args: readonly string[]): void {
    this.inside('mount', ...args);
  }

  remove(path: string): void {
    rmSync(this.path(path), { recursive: true, force: true });
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /** Runs a command in the namespace, as root. */
  inside(...argv: readonly string[]): string {
    const enter = [`--mount=/proc/${this.pid}/ns/mnt`, '--wdns=/', '--', ...argv];
    const { status, stdout, stderr } = spawnSync('nsenter', enter, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
    return stdout;
  }
}
