import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { errorName } from '../../core/error-name';
import { log } from '../../os/log';
import type { Means } from '../model/means';

export type PollMeans = Extract<Means, 'polled' | 'polled-often'>;

/** One directory, and its state at the last look; without a version before the first. */
interface Polled {
  readonly means: PollMeans;
  version?: string;
  /** The time of modification counts ticks of the kernel: a change directly after a look may not change it again. */
  isFresh?: boolean;
  elements: ReadonlyMap<string, string>;
  /** By `performance.now()`. */
  nextLookAtElements: number;
}

/** A new owner or mode of an element does not change its directory. In milliseconds, somewhat less than between two polls. */
const elementsMs = 4500;

/**
 * Directories without events, which are looked at now and then. Those in memory answer at once; a look at any other must
 * not stop this process, because its device may hang.
 */
export class PolledDirectories {
  private readonly polled = new Map<string, Polled>();

  /** `replaced`: called with an element of a path that is another one than at the last look. */
  constructor(private readonly replaced: (element: string) => void) {}

  add(directory: string, means: PollMeans): void {
    this.polled.set(directory, { means, elements: new Map(), nextLookAtElements: 0 });
  }

  has(directory: string): boolean {
    return this.polled.has(directory);
  }

  names(): readonly string[] {
    return [...this.polled.keys()];
  }

  leave(directory: string): void {
    this.polled.delete(directory);
  }

  async poll(means: PollMeans, elementsIn: (directory: string) => readonly string[]): Promise<void> {
    const look = means === 'polled-often' ? lookNow : lookLater;
    for (const [directory, polled] of this.polled) {
      if (polled.means !== means) continue;
      try {
        const version = await look(directory, versionOf);
        const isSame = version === polled.version && polled.isFresh !== true;
        if (isSame && performance.now() < polled.nextLookAtElements) continue;
        polled.nextLookAtElements = performance.now() + elementsMs;
        polled.isFresh = version !== polled.version;
        polled.version = version;
        const now = new Map<string, string>();
        for (const element of elementsIn(directory))
          now.set(element, await look(element, describe).catch(errorName));
        const before = polled.elements;
        polled.elements = now;
        for (const [element, found] of now) if (before.get(element) !== found) this.replaced(element);
      } catch (error) {
        log('a directory is not there any more', { directory, why: errorName(error) });
        this.replaced(directory);
      }
    }
  }
}

const exact = { bigint: true } as const;

type Describe = (found: BigIntStats, target: string) => string;

async function lookLater(path: string, describe: Describe): Promise<string> {
  const found = await lstat(path, exact);
  return describe(found, found.isSymbolicLink() ? await readlink(path) : '');
}

/** Without the threads of Node that others may keep busy. */
// eslint-disable-next-line @typescript-eslint/require-await -- the other look needs a promise
async function lookNow(path: string, describe: Describe): Promise<string> {
  const found = lstatSync(path, exact);
  return describe(found, found.isSymbolicLink() ? readlinkSync(path) : '');
}

/** What changes when a directory gets or loses an entry. */
function versionOf({ dev, ino, mtimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${mtimeNs}`;
}

/** What makes an element another one; the size and the times of a disk's file do not. */
function describe({ dev, ino, mode, uid, gid, rdev }: BigIntStats, target: string): string {
  return `${dev} ${ino} ${mode} ${uid} ${gid} ${rdev} ${target}`;
}
