import { isPathAnswer, type AvoidedPath, type PathAnswer, type PathQuestion } from '../model/path-question';
import { log } from '../../os/log';
import { ReaderProcess } from './reader-process';

/** One look takes microseconds. One that takes this long, in the kernel, waits for storage that does not answer. */
const lookDeadlineMs = 5_000;
/** A child that gets no processor is waited for longer, but not for ever: this many times `lookDeadlineMs`. */
const maxWaits = 12;

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
  /** What was asked of the child that runs. */
  private readonly sent = new Set<Request>();
  private child: ReaderProcess | undefined;
  private answeredAny = false;
  private timer: NodeJS.Timeout | undefined;
  private waits = 0;

  constructor(private readonly options: Options) {}

  /** The answers stand in the order of the questions; all are of one moment. */
  read(questions: readonly PathQuestion[]): Promise<readonly Answered[]> {
    if (questions.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.waiting.push({ questions, answers: [], resolve });
      if (this.child) this.sendSoon();
      else this.start();
    });
  }

  /** What was asked and not answered stays without an answer. */
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
        onLine: (line) => this.hear(line),
        onEnd: (why) => this.ended(why),
      });
    } catch (error) {
      this.failAll(`a process that looks at paths cannot be started: ${String(error)}`);
      return;
    }
    this.sendSoon();
    this.watch();
  }

  /** When all that is asked at this moment has been asked: it goes in one line. */
  private sendSoon(): void {
    setImmediate(() => {
      const unsent = this.waiting.filter((request) => !this.sent.has(request));
      if (!this.child || unsent.length === 0) return;
      for (const request of unsent) this.sent.add(request);
      this.child.ask(unsent.map(({ questions, answers }) => questions.slice(answers.length)));
      if (this.timer === undefined) this.watch();
    });
  }

  private hear(line: string | undefined): void {
    const answer = line === undefined ? undefined : parseAnswer(line);
    if (answer) {
      this.answeredAny = true;
      this.take(answer);
      return;
    }
    this.release();
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
    if (child?.pid === undefined) return;
    const hangsAt = child.looksAt();
    // One that has not said yet what it looks at is still starting.
    if (this.waits < maxWaits && (hangsAt === '' || child.wantsProcessor())) {
      this.timer = setTimeout(() => this.late(), lookDeadlineMs);
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

  /** The child ended, though nobody has told it to. */
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
