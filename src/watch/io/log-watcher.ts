import { LogTail } from '../../block-state/io/log-tail';
import { isHandoverFailure, isMigrationStart } from '../../block-state/model/log-signatures';
import { ReadPace } from '../model/read-pace';
import { OneDirectory } from './one-directory';

/** What new lines of a log say. */
export interface LogNews {
  /** libvirt has begun a live migration. */
  readonly hasBegun: boolean;
  /** QEMU could not give up its disks. */
  readonly hasFailed: boolean;
}

export interface LogOutput {
  /** Called with the domain's name, only if there is news. */
  readonly heard: (domain: string, news: LogNews) => void;
  /** A log could not be read. */
  readonly failed: (error: unknown) => void;
}

interface Followed {
  readonly tail: LogTail<NewLines>;
  readonly pace: ReadPace;
  timer?: NodeJS.Timeout;
}

const suffix = '.log';

/** Notices what libvirt and QEMU write about migrations into the logs of running domains. */
export class LogWatcher extends OneDirectory {
  private readonly followed = new Map<string, Followed>();

  constructor(
    private readonly logDirectory: string,
    private readonly output: LogOutput,
  ) {
    // virtlogd's rotation renames a log, and makes another: each is a change of it, too.
    super(logDirectory, (_, name) => {
      if (name === null) this.readAll();
      else if (name.endsWith(suffix)) this.soon(name.slice(0, -suffix.length));
    });
  }

  /** These domains run, and no others. A log that was not followed yet is read from its present end. */
  follow(domains: readonly string[]): void {
    const wanted = new Set(domains);
    for (const [domain, followed] of this.followed) if (!wanted.has(domain)) this.leave(domain, followed);
    for (const domain of domains) {
      if (this.followed.has(domain)) continue;
      const tail = new LogTail(this.logDirectory, domain, new NewLines());
      this.followed.set(domain, { tail, pace: new ReadPace() });
    }
  }

  /** What was written before is read, too. */
  override start(): boolean {
    const isNew = super.start();
    if (isNew) this.readAll();
    return isNew;
  }

  /** For changes that were not noticed. */
  readAll(): void {
    for (const domain of this.followed.keys()) this.soon(domain);
  }

  override end(): void {
    super.end();
    for (const [domain, followed] of this.followed) this.leave(domain, followed);
  }

  private soon(domain: string): void {
    const followed = this.followed.get(domain);
    if (!followed || followed.timer) return;
    const wait = followed.pace.wait(performance.now());
    if (wait === 0) return this.read(domain, followed);
    followed.timer = setTimeout(() => {
      delete followed.timer;
      this.read(domain, followed);
    }, wait);
  }

  private read(domain: string, { tail, pace }: Followed): void {
    pace.read(performance.now());
    try {
      const news = tail.look().news();
      if (news.hasBegun || news.hasFailed) this.output.heard(domain, news);
    } catch (error) {
      this.output.failed(error);
    }
  }

  private leave(domain: string, { tail, timer }: Followed): void {
    clearTimeout(timer);
    tail.close();
    this.followed.delete(domain);
  }
}

class NewLines {
  private hasBegun = false;
  private hasFailed = false;

  take(line: string): void {
    this.hasBegun ||= isMigrationStart(line);
    this.hasFailed ||= isHandoverFailure(line);
  }

  /** Of the lines since the last call. */
  news(): LogNews {
    const { hasBegun, hasFailed } = this;
    this.hasBegun = false;
    this.hasFailed = false;
    return { hasBegun, hasFailed };
  }
}
