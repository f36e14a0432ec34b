import { errorName } from '../../core/error-name';
import { isPathAnswer, type AvoidedPath, type PathAnswer, type PathQuestion } from '../model/path-question';
import { textOf } from '../../messages';
import { log } from '../../os/log';
import { ReaderProcess } from './reader-process';

/** A look takes microseconds. One that takes this long, in the kernel, waits for storage that does not answer. */
const lookDeadlineMs = 5_000;
/** A child that only waits for a processor gets more time: this many times `lookDeadlineMs`. */
const maxWaits = 12;

/** Why a question has no answer. */
interface Unanswered {
  readonly why: string;
  /** The path that the child is looking at and that does not answer; `undefined` when the child ended. */
  readonly hangsAt?: string;
}

export type Answered = PathAnswer | Unanswered;

/** A child that hangs: it cannot be ended as long as the storage does not answer. */
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
  /** What must not be looked at; called each time that a child is started. */
  readonly avoid: () => readonly AvoidedPath[];
  /** Called when a child is given up, before another one gets the rest of the questions; returns why there is no answer. */
  readonly onHang: (hung: HungChild) => string;
}

/**
 * Resolves paths in a child process with one user's credentials, so that the kernel itself decides what that user may do,
 * and a look that hangs (dead storage) does not stop this process: its child is given up, its path is unknown, and
 * another child continues. The child inherits the root directories, and resolves every path below them itself.
 */
export class PathReader {
  private readonly waiting: Request[] = [];
  /** The requests that the running child has got. */
  private readonly sent = new Set<Request>();
  private child: ReaderProcess | undefined;
  private answeredAny = false;
  private timer: NodeJS.Timeout | undefined;
  private waits = 0;

  constructor(private readonly options: Options) {}

  /** The answers are in the order of the questions; all are from one snapshot. */
  read(questions: readonly PathQuestion[]): Promise<readonly Answered[]> {
    if (questions.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.waiting.push({ questions, answers: [], resolve });
      if (this.child) this.sendBatch();
      else this.start();
    });
  }

  /** Requests without an answer stay without one. */
  end(): void {
    this.release();
  }

  private start(): void {
    const { asUser, roots, avoid } = this.options;
    this.answeredAny = false;
    this.sent.clear();
    try {
      this.child = ReaderProcess.start({
        asUser,
        roots,
        avoid: avoid(),
        onLine: (line) => this.receive(line),
        onEnd: (why) => this.ended(why),
      });
    } catch (error) {
      this.failAll(textOf('path-reader-not-started', { error: errorName(error) }));
      return;
    }
    this.sendBatch();
    this.watch();
  }

  /** After the current turn of the event loop, so that all requests of one moment go in one line. */
  private sendBatch(): void {
    setImmediate(() => {
      const unsent = this.waiting.filter((request) => !this.sent.has(request));
      if (!this.child || unsent.length === 0) return;
      for (const request of unsent) this.sent.add(request);
      this.child.ask(unsent.map(({ questions, answers }) => questions.slice(answers.length)));
      if (this.timer === undefined) this.watch();
    });
  }

  private receive(line: string | undefined): void {
    const answer = line === undefined ? undefined : parseAnswer(line);
    if (answer) {
      this.answeredAny = true;
      this.take(answer);
      return;
    }
    this.release();
    this.failAll(textOf('path-reader-disturbed'));
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

  /** Restarts the deadline, for the next answer. */
  private watch(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waits = 0;
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.onDeadline(), lookDeadlineMs);
  }

  /** An answer that arrived while this process was busy is received first. */
  private onDeadline(): void {
    const { timer } = this;
    setImmediate(() => {
      if (timer !== undefined && this.timer === timer) this.giveUpOrWait();
    });
  }

  /** Waiting for a processor is not a hang: only a child that waits for something else is given up at once. */
  private giveUpOrWait(): void {
    const { child } = this;
    this.waits += 1;
    if (child?.pid === undefined) return;
    const hangsAt = child.looksAt();
    // An empty path: the child is still starting.
    if (this.waits < maxWaits && (hangsAt === '' || child.wantsProcessor())) {
      this.timer = setTimeout(() => this.onDeadline(), lookDeadlineMs);
      return;
    }
    const question = this.waiting[0]?.questions[this.waiting[0].answers.length];
    if (!question) return;
    log('a look at a path does not end', { pid: child.pid, path: question.path, hangsAt });
    const why = this.options.onHang({ pid: child.pid, question, hangsAt });
    this.release();
    this.take({ why, hangsAt });
    if (this.waiting.length > 0) this.start();
  }

  /** The child ended by itself. */
  private ended(why: string): void {
    this.child = undefined;
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

  private release(): void {
    this.child?.release();
    this.child = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

function parseAnswer(line: string): PathAnswer | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isPathAnswer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
