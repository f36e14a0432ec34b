import { readdirSync } from 'node:fs';
import type { Host } from '../../test/lab/harness';

/** The kernel's unit of processor times (proc(5), USER_HZ), in milliseconds. */
const tickMs = 10;

/** The resources that a program that goes on running uses, with its children. */
export class LastingUsage {
  /** MiB; the maximum of all samples. */
  memory = 0;
  private readonly timer: NodeJS.Timeout;

  /** `pid`: as the host sees it. The memory is sampled until {@link end}. */
  constructor(
    private readonly host: Host,
    private readonly pid: number,
  ) {
    this.timer = setInterval(() => this.sample(), 100);
    this.sample();
  }

  /** Milliseconds of processor time since its start, user and system, ended children included. */
  get processor(): number {
    const ticks = this.family().map((pid) => {
      const stat = this.read(pid, 'stat');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // utime, stime, and the same of the children that it has waited for.
      return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    });
    return ticks.reduce((sum, one) => sum + one, 0) * tickMs;
  }

  /** Starts a new maximum. */
  reset(): void {
    this.memory = 0;
    this.sample();
  }

  end(): void {
    clearInterval(this.timer);
  }

  /** Pages of files are Node's own code, the same for all processes: only those of the process with most of them count. */
  private sample(): void {
    let [own, ofFiles] = [0, 0];
    for (const pid of this.family()) {
      const kibibytes = (name: string): number =>
        Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(this.read(pid, 'status'))?.[1] ?? 0);
      own += kibibytes('RssAnon') + kibibytes('RssShmem');
      ofFiles = Math.max(ofFiles, kibibytes('RssFile'));
    }
    this.memory = Math.max(this.memory, (own + ofFiles) / 1024);
  }

  private family(pid = this.pid): number[] {
    let children: number[] = [];
    try {
      const threads = readdirSync(this.host.path(`/proc/${pid}/task`));
      children = threads.flatMap((thread) => {
        const listed = this.read(pid, `task/${thread}/children`).trim();
        return listed === '' ? [] : listed.split(' ').map(Number);
      });
    } catch {
      // It has just ended.
    }
    return [pid, ...children.flatMap((child) => this.family(child))];
  }

  private read(pid: number, file: string): string {
    try {
      return this.host.read(`/proc/${pid}/${file}`);
    } catch {
      return '';
    }
  }
}
