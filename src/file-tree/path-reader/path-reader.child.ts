// The program of the child that looks at a VM's disk paths with the credentials of its QEMU (path-reader.ts starts it).
// It is bundled and given to Node as text, so that its user need not be able to read any file of ours. Its standard
// input has one line of setup, then lines of questions, in groups; each question gets one line on its standard output.
// Before every look at a file it writes the path to the progress file, by which its parent finds out what hangs.
import { accessSync, constants, fstatSync, readSync, writeSync } from 'node:fs';
import { canBeDisk } from '../model/entry';
import { errorName } from '../../core/error-name';
import {
  avoided,
  type Opened,
  type PathAnswer,
  type PathQuestion,
  type PathReaderSetup,
} from '../model/path-question';
import { resolvePath } from '../model/walk';
import { withLinks } from '../model/with-links';
import { openPath, withFile } from '../../os/open-file';
import { toEntry, FileTree } from '../tree';
import { firstRootFd, progressFd, questionsFd } from './descriptors';

const newline = 0x0a;
const changed = 'it changed while it was looked at';
let unread = Buffer.alloc(0);

/** The next line of the standard input; `undefined` at its end. Blocks in read(2): there is nothing else to do. */
function readLine(): string | undefined {
  const chunk = Buffer.alloc(65_536);
  for (;;) {
    const end = unread.indexOf(newline);
    if (end >= 0) {
      const line = unread.toString('utf8', 0, end);
      unread = unread.subarray(end + 1);
      return line;
    }
    const length = readSync(questionsFd, chunk);
    if (length === 0) return undefined;
    unread = Buffer.concat([unread, chunk.subarray(0, length)]);
  }
}

function writeAnswer(text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  for (let written = 0; written < bytes.length;) written += writeSync(1, bytes, written);
}

/** Overwrites the path before: the parent needs only the last one. */
function writeProgress(path: string): void {
  writeSync(progressFd, `${path}\0`, 0);
}

/** All questions of one line get answers from one snapshot: each tree is read once, the host's for all groups. */
function answerAll(groups: readonly (readonly PathQuestion[])[], { avoid }: PathReaderSetup): void {
  const before = (path: string): string | undefined => {
    const reason = avoided(avoid, path)?.why;
    if (reason === undefined) writeProgress(path);
    return reason;
  };
  const hostOnly = new OpenViews(before);
  try {
    for (const group of groups) {
      const others = new OpenViews(before);
      try {
        for (const question of group) {
          const views = question.root === 0 ? hostOnly : others;
          writeAnswer(JSON.stringify(answer(question, views.of(question.root))));
        }
      } finally {
        others.close();
      }
    }
  } finally {
    hostOnly.close();
  }
}

/** The trees that are being read, by the numbers of their roots. Each holds some descriptors. */
class OpenViews {
  private readonly views = new Map<number, FileTree>();

  constructor(private readonly before: (path: string) => string | undefined) {}

  of(root: number): FileTree {
    const known = this.views.get(root);
    if (known) return known;
    const view = FileTree.open(`/proc/self/fd/${firstRootFd + root}`, this.before);
    this.views.set(root, view);
    return view;
  }

  close(): void {
    for (const view of this.views.values()) view.close();
  }
}

/** Like answerOf; unreadable where the path changed between two looks. */
function answer(question: PathQuestion, view: FileTree): PathAnswer {
  try {
    return answerOf(question, view);
  } catch (error) {
    const { path } = question;
    return { resolved: { path, hops: [], end: { kind: 'unreadable', path, error: errorName(error) } } };
  }
}

function answerOf({ path, links = [], wanted, open }: PathQuestion, view: FileTree): PathAnswer {
  const found = resolvePath(withLinks(view.look, new Map(links)), path);
  const { end } = found;
  if (end.kind !== 'found' || !canBeDisk(end.entry)) return { resolved: found };
  // By a descriptor: another entry may have been given that name meanwhile.
  return withFile(view.fdPath(end.path) ?? '', openPath | constants.O_NOFOLLOW, (pinned) => {
    const name = `/proc/self/fd/${pinned}`;
    if (JSON.stringify(toEntry(fstatSync(pinned), name)) !== JSON.stringify(end.entry))
      return { resolved: { ...found, end: { kind: 'unreadable', path: end.path, error: changed } } };
    return {
      resolved: found,
      ...(wanted === undefined ? {} : { access: accessTo(name, wanted) }),
      ...(open ? { opened: tryToOpen(name, end.path, open.direct) } : {}),
    };
  });
}

/** access(2) opens nothing, and covers access control lists and read-only mounts. */
function accessTo(name: string, wanted: number): string {
  try {
    accessSync(name, wanted);
    return 'ok';
  } catch (error) {
    return errorName(error);
  }
}

/** Opens as QEMU's block/file-posix.c does to hand a disk over: O_RDONLY, and O_DIRECT where the disk has it. */
function tryToOpen(name: string, path: string, direct: boolean): Opened {
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_DIRECT } = constants;
  writeProgress(path);
  const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (direct ? O_DIRECT : 0);
  const begun = performance.now();
  try {
    return withFile(name, flags, (descriptor): Opened => {
      const entry = toEntry(fstatSync(descriptor), `/proc/self/fd/${descriptor}`);
      if (!canBeDisk(entry)) return { kind: 'refused', path, error: changed };
      const isRead = !direct || readBlock(descriptor);
      return { kind: 'opened', entry, ...(isRead ? { ms: performance.now() - begun } : {}) };
    });
  } catch (error) {
    return { kind: 'refused', path, error: errorName(error) };
  }
}

/** As much as QEMU reads: MAX_BLOCKSIZE of block/file-posix.c. */
const blockBytes = 4096;
/** Buffers are aligned at least to this. */
const bufferStep = 16;
// Not `buffer`: this program is run by `node -e`, where that is a global of Node's own.
let block: Buffer | undefined;
/** Where in the buffer the kernel accepted a read. */
let aligned = 0;

/**
 * Reads the first block, as QEMU does while it opens with O_DIRECT, in its main thread (block/file-posix.c,
 * raw_probe_alignment): a device may open at once, and not answer a read. An error is an answer. As in QEMU, the address
 * that O_DIRECT asks for is found by trials; EINVAL comes before the device is asked.
 */
function readBlock(descriptor: number): boolean {
  block ??= Buffer.alloc(2 * blockBytes);
  for (let step = 0; step < blockBytes; step += bufferStep) {
    const offset = (aligned + step) % blockBytes;
    try {
      readSync(descriptor, block, offset, blockBytes, 0);
    } catch (error) {
      if (errorName(error) === 'EINVAL') continue;
      // Only an error of the kernel is an answer.
      if (!(error instanceof Error && 'syscall' in error)) return false;
    }
    aligned = offset;
    return true;
  }
  return false;
}

const setup = JSON.parse(readLine() ?? '{"avoid":[]}') as PathReaderSetup;
for (let line = readLine(); line !== undefined; line = readLine())
  answerAll(JSON.parse(line) as PathQuestion[][], setup);

/** An import of this file gives its bundle as text (setup/build/child-program.cjs); this declares the type. */
export default '' as string;
