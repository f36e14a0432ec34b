import { closeSync, openSync, readFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Lines, tooLong } from '../../core/lines';
import { isPathAnswer, type AvoidedPath, type PathAnswer, type PathQuestion } from '../../core/path-question';
import { usualPath, withDescriptors, type Argv } from '../isolated';
import { log } from '../log';
import { firstRoot, program } from './descriptors';
import childProgram from './path-reader.child';
import { ProgressFile } from './progress-file';

const openPath = 0o10000000;
/** Nothing of the admin's shell reaches the child, and it finds programs where the system has them. */
const environment = { LC_ALL: 'C', PATH: usualPath };

/** One look takes microseconds. One that takes this long, in the kernel, waits for storage that does not answer. */
const lookDeadlineMs = 5_000;
/** A child that gets no processor is waited for longer, but not for ever: this many times `lookDeadlineMs`. */
const patience = 12;

/** In bytes, more than a path and the links on it can take: 40 of 4 KiB each, every element told with its whole path. */
const longestLine = 32 * 1024 * 1024;
/** Enough of its complaints to see the last one. */
const longestComplaint = 16 * 1024;

/** Why a question has no answer. */
export interface Unanswered {
  readonly why: string;
  /** The path at which the child hangs; `undefined` when it ended. */
  readonly hangsAt?: string;
}

export type Answered = PathAnswer | Unanswered;

/** The child that hangs: it cannot be ended as long as the storage does not answer. */
export interface HungChild {
  readonly pid: number;
  readonly question: PathQuestion;
  readonly hangsAt: string;
}

interface Request {
  readonly questions: readonly PathQuestion[];
  readonly answers: Answered[];
  readonly resolve: (answers: readonly Answered[]) => void;
}

interface Options {
  /** What starts a program with the wanted credentials; nothing for those of this process. */
  readonly asUser: readonly string[];
  /** Descriptors of the root directories, the host's first. */
  readonly roots: readonly number[];
  /** What must not be looked at, asked each time that a child is started. */
  readonly avoid: () => readonly AvoidedPath[];
  /** Called when a child is given up, before the rest of the questions go to another one; tells why there is no answer. */
  readonly onHang: (hung: HungChild) => string;
}

/**
 * Looks at paths in a child process with one user's credentials, so that the kernel itself answers what that user may
 * do, and that a look which hangs (dead storage) holds nobody else: its child is given up, its path is unknown, and
 * another child goes on. The child inherits the root directories, and walks every element of a path below them itself.
 */
export class PathReader {
  private readonly waiting: Request[] = [];
  private child: ChildProcess | undefined;
  private progress: ProgressFile | undefined;
  /** What was asked of the child that runs: the questions of all that is asked at once go to it in one line. */
  private readonly sent = new Set<Request>();
  private complaints = '';
  private answeredAny = false;
  private timer: NodeJS.Timeout | undefined;
  private waits = 0;

  constructor(private readonly options: Options) {}

  /** The answers stand in the order of the questions; all are of one moment. */
  read(questions: readonly PathQuestion[]): Promise<readonly Answered[]> {
    if (questions.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const request = { questions, answers: [], resolve };
      this.waiting.push(request);
      if (this.child) this.sendSoon();
      else this.start();
    });
  }

  /** What was asked and not answered stays without an answer. */
  end(): void {
    const { child } = this;
    if (child) this.release(child);
  }

  private start(): void {
    const { roots, avoid } = this.options;
    this.answeredAny = false;
    this.complaints = '';
    this.sent.clear();
    let node: number | undefined;
    let progress: ProgressFile;
    try {
      // By a descriptor, because the user may not be allowed to search the directory in which this Node lies.
      node = openSync(process.execPath, openPath);
      progress = ProgressFile.open();
    } catch (error) {
      if (node !== undefined) closeSync(node);
      this.failAll(`a process that looks at paths cannot be started: ${String(error)}`);
      return;
    }
    const [file, ...args] = this.argv();
    log('started a command', { argv: [...this.options.asUser, process.execPath] });
    // A session of its own: no terminal, and Ctrl-C does not end it in the middle of an answer.
    const child = spawn(file, args, {
      cwd: '/',
      env: environment,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', progress.descriptor, node, ...roots],
    });
    closeSync(node);
    this.child = child;
    this.progress = progress;
    this.listen(child);
    child.stdin?.write(`${JSON.stringify({ avoid: avoid() })}\n`);
    this.sendSoon();
    this.watch();
  }

  /** One that runs as another user gets no descriptor but its own. */
  private argv(): Argv {
    const { asUser, roots } = this.options;
    const node = [`/proc/self/fd/${program}`, '-e', childProgram] as const;
    const [first, ...rest] = asUser;
    return first === undefined ? node : withDescriptors(firstRoot + roots.length, [first, ...rest, ...node]);
  }

  private listen(child: ChildProcess): void {
    const mine = (): boolean => this.child === child;
    const [stdin, stdout, stderr] = pipesOf(child);
    linesOf(stdout, (line) => mine() && this.hear(line, child));
    (stderr as Readable | undefined)?.setEncoding('utf8').on('data', (text: string) => {
      this.complaints = (this.complaints + text).slice(-longestComplaint);
    });
    stdin?.on('error', () => undefined);
    child
      .on('close', () => mine() && this.ended())
      .on('error', (error) => {
        this.complaints = error.message;
        if (mine() && child.pid === undefined) this.ended();
      });
  }

  /** When all that is asked at this moment has been asked. */
  private sendSoon(): void {
    setImmediate(() => {
      const unsent = this.waiting.filter((request) => !this.sent.has(request));
      if (!this.child || unsent.length === 0) return;
      for (const request of unsent) this.sent.add(request);
      const groups = unsent.map(({ questions, answers }) => questions.slice(answers.length));
      this.child.stdin?.write(`${JSON.stringify(groups)}\n`);
      if (this.timer === undefined) this.watch();
    });
  }

  private hear(line: string | undefined, child: ChildProcess): void {
    const answer = line === undefined ? undefined : parseAnswer(line);
    if (answer) {
      this.answeredAny = true;
      this.take(answer);
      return;
    }
    this.release(child);
    this.failAll('the process that looks at paths was disturbed');
  }

  private take(answer: Answered): void {
    const [request] = this.waiting;
    if (!request) return;
    request.answers.push(answer);
    if (request.answers.length === request.questions.length) {
      this.waiting.shift();
      this.sent.delete(request);
      request.resolve(request.answers);
    }
    this.watch();
  }

  /** Begins to wait anew, for whatever is the next answer. */
  private watch(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waits = 0;
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.late(), lookDeadlineMs);
  }

  /** What was answered while this process had other things to do is heard first. */
  private late(): void {
    const { timer } = this;
    setImmediate(() => {
      if (timer !== undefined && this.timer === timer) this.giveUpOrWait();
    });
  }

  /** Waiting for a processor is no hang: only a child that waits for something else is given up at once. */
  private giveUpOrWait(): void {
    const { child } = this;
    this.waits += 1;
    if (!child?.pid) return;
    const hangsAt = this.progress?.read() ?? '';
    // One that has not said yet what it looks at is still starting.
    if (this.waits < patience && (hangsAt === '' || wantsProcessor(child.pid))) {
      this.timer = setTimeout(() => this.late(), lookDeadlineMs);
      return;
    }
    const question = this.waiting[0]?.questions[this.waiting[0].answers.length];
    if (!question) return;
    log('a look at a path does not end', { pid: child.pid, path: question.path, hangsAt });
    const why = this.options.onHang({ pid: child.pid, question, hangsAt });
    this.release(child);
    this.take({ why, hangsAt });
    if (this.waiting.length > 0) this.start();
  }

  /** The child ended, though nobody has told it to. */
  private ended(): void {
    this.forgetChild();
    const why = this.complaints.trim().split('\n').at(-1) || 'the process that looks at paths ended';
    if (!this.answeredAny) this.failAll(why);
    else if (this.waiting.length > 0) {
      this.take({ why });
      this.start();
    }
  }

  private failAll(why: string): void {
    for (const { questions, answers, resolve } of this.waiting.splice(0))
      resolve([...answers, ...questions.slice(answers.length).map(() => ({ why }))]);
    this.watch();
  }

  private forgetChild(): void {
    this.child = undefined;
    this.progress?.close();
    this.progress = undefined;
  }

  /** Not even SIGKILL ends what the kernel holds: nobody waits for it. */
  private release(child: ChildProcess): void {
    this.forgetChild();
    clearTimeout(this.timer);
    this.timer = undefined;
    // One that could not be started for want of descriptors has pid 0 for Node, and kill(2) would end our whole group.
    if (child.pid !== undefined) child.kill('SIGKILL');
    child.unref();
    for (const pipe of pipesOf(child)) pipe.destroy();
  }
}

/** None where this process may hold no more descriptors: then there is an error event. */
function pipesOf(child: ChildProcess): (Readable | Writable)[] {
  const { stdio } = child as Partial<ChildProcess>;
  return (stdio ?? []).flatMap((pipe) => pipe ?? []);
}

/** Gives each line; `undefined` for one that is longer than any that is written by the program of the child. */
function linesOf(pipe: Readable | Writable | undefined, take: (line: string | undefined) => void): void {
  const lines = new Lines(longestLine);
  pipe?.on('data', (piece: Buffer) => {
    for (const line of lines.take(piece)) take(line === tooLong ? undefined : line);
  });
}

function parseAnswer(line: string): PathAnswer | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isPathAnswer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * State R of proc(5). A child that hangs is in state D or S: some file systems wait so that signals are heard
 * (fs/fuse/dev.c, request_wait_answer). One that has ended is heard of in another way.
 */
function wantsProcessor(pid: number): boolean {
  try {
    return /\) [RZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
