import { closeSync, openSync, readFileSync } from 'node:fs';
import { Lines, tooLong } from '../../os/model/line-splitter';
import { textOf } from '../../messages';
import type { AvoidedPath, PathQuestion } from '../model/path-question';
import { leave, signalGroup, startLasting, type LastingChild } from '../../os/child-process';
import { usualPath, withDescriptors, type Argv } from '../../os/isolated';
import { log } from '../../os/log';
import { openPath } from '../../os/open-file';
import { firstRootFd, programFd } from './descriptors';
import childProgram from './path-reader.child';
import { ProgressFile } from './progress-file';

/**
 * The child gets nothing of the admin's environment, and finds programs where the system has them. Its objects are
 * short-lived: with V8's usual space for those (16 MiB twice) a child for 1,000 VMs took 3 MiB more, and was no faster.
 */
const environment = { LC_ALL: 'C', PATH: usualPath, NODE_OPTIONS: '--max-semi-space-size=1' };

/** In bytes, more than an answer can take: 40 links of 4 KiB each, every hop with its whole path. */
const maxLineBytes = 32 * 1024 * 1024;
/** Enough of its stderr to have the last line. */
const keptStderrBytes = 16 * 1024;

interface ReaderProcessOptions {
  /** The command that starts a program with the wanted credentials; empty for those of this process. */
  readonly asUser: readonly string[];
  /** Descriptors of the root directories, the host's first. */
  readonly roots: readonly number[];
  readonly avoid: readonly AvoidedPath[];
  /** Gets a line that the child wrote; `undefined` for one that is longer than any answer. */
  readonly onLine: (line: string | undefined) => void;
  /** The child ended by itself, or could not be started. */
  readonly onEnd: (why: string) => void;
}

/** One child that resolves paths: its start, its lines, its end. */
export class ReaderProcess {
  private stderr = '';
  private isOurs = true;

  private constructor(
    private readonly child: LastingChild,
    private readonly progress: ProgressFile,
    options: ReaderProcessOptions,
  ) {
    this.listen(options);
    child.stdin.write(`${JSON.stringify({ avoid: options.avoid })}\n`);
  }

  /** @throws GuardError, or the system's error, when this process may hold no more descriptors. */
  static start(options: ReaderProcessOptions): ReaderProcess {
    const progress = ProgressFile.open();
    let node: number | undefined;
    try {
      // By a descriptor, because the user may not be allowed to search the directory of this Node. Not by its path: an
      // upgrade, or the removal of the package that contains it, may have taken it away since this process began.
      node = openSync('/proc/self/exe', openPath);
      log('started a command', { argv: [...options.asUser, process.execPath] });
      const inherit = [progress.descriptor, node, ...options.roots];
      const child = startLasting(argvOf(options), { env: environment, inherit });
      return new ReaderProcess(child, progress, options);
    } catch (error) {
      progress.close();
      throw error;
    } finally {
      if (node !== undefined) closeSync(node);
    }
  }

  /** All questions of one call are answered from one snapshot of the host's tree. */
  ask(groups: readonly (readonly PathQuestion[])[]): void {
    this.child.stdin.write(`${JSON.stringify(groups)}\n`);
  }

  /** `undefined` if it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The path that it is looking at; empty before the first one. */
  looksAt(): string {
    return this.progress.read();
  }

  /**
   * Whether it is runnable (state R of proc(5)), so it waits for nothing but a processor. A child that hangs is in state
   * D, or in S: some file systems wait interruptibly (fs/fuse/dev.c, request_wait_answer). One that has ended also
   * counts as runnable: its `close` event follows.
   */
  wantsProcessor(): boolean {
    try {
      return /\) [RZX] /.test(readFileSync(`/proc/${this.pid ?? 0}/stat`, 'latin1'));
    } catch {
      return true;
    }
  }

  /** Ends it. */
  release(): void {
    this.forget();
    signalGroup(this.child, 'SIGKILL');
    leave(this.child);
  }

  private forget(): void {
    if (this.isOurs) this.progress.close();
    this.isOurs = false;
  }

  private listen({ onLine, onEnd }: ReaderProcessOptions): void {
    const { child } = this;
    const lines = new Lines(maxLineBytes);
    child.stdout.on('data', (piece: Buffer) => {
      for (const line of lines.take(piece)) if (this.isOurs) onLine(line === tooLong ? undefined : line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-keptStderrBytes);
    });
    const ended = (): void => {
      if (!this.isOurs) return;
      this.forget();
      onEnd(this.stderr.trim().split('\n').at(-1) || textOf('path-reader-ended'));
    };
    child.on('close', ended).on('error', (error) => {
      this.stderr = error.message;
      if (child.pid === undefined) ended();
    });
  }
}

/** A child of another user gets no other descriptors than these. */
function argvOf({ asUser, roots }: ReaderProcessOptions): Argv {
  const node = [`/proc/self/fd/${programFd}`, '-e', childProgram] as const;
  const [first, ...rest] = asUser;
  return first === undefined ? node : withDescriptors(firstRootFd + roots.length, [first, ...rest, ...node]);
}
