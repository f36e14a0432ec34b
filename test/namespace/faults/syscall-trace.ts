import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult } from '../../../src/os/run-command';

/** The N-th time that a process of the run makes this system call; `on`: what it said when it was recorded. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  readonly on: string;
}

/** What the calls of a run do: some change the machine, others only look at it. */
type Kind = 'changes' | 'looks';

const names: Readonly<Record<Kind, string>> = {
  // strace passes over those that this processor's kernel has not (`?`).
  changes:
    '?mkdir,?mkdirat,?symlink,?symlinkat,?link,?linkat,?rename,?renameat,?renameat2,?unlink,?unlinkat,?rmdir,?mknod,?mknodat,' +
    '?chown,?lchown,?fchown,?fchownat,?chmod,?fchmod,?fchmodat,?setxattr,?lsetxattr,?fsetxattr,' +
    '?open,openat,write,?pwrite64,fsync,?fdatasync,ftruncate',
  looks: '?open,openat,?stat,?lstat,fstat,?newfstatat,?statx,?readlink,readlinkat,read,?pread64,getdents64',
};

/** Of calls that do both, those that are meant. The paths of what is open are `strace -y`'s. */
const isMeant: Readonly<Record<Kind, (name: string, text: string) => boolean>> = {
  changes: (name, text) => {
    if (/^open(at)?$/.test(name)) return text.includes('O_CREAT');
    return !/^p?write(64)?$/.test(name) || isOfFile(text);
  },
  // What Node and the C library look at for themselves is no fact of ours, the three standard files among it.
  looks: (name, text) =>
    /^p?read(64)?$/.test(name) ? isOfFile(text) : !/"\/(usr|lib|etc|sys)\b|^fstat\([012]</.test(text),
};

function isOfFile(text: string): boolean {
  return /^\w+\(\d+<\/(?!dev\/|usr\/|lib)/.test(text);
}

/** Runs it as the last words of such a command. */
type Run = (under: readonly string[]) => Promise<CommandResult>;

/**
 * Runs something once, and gives the calls that it made, each only once for all of its processes. `from`: the path by
 * which the first of them is known; what Node does before is not ours.
 */
export async function record(
  kind: Kind,
  run: Run,
  from = '',
): Promise<{ result: CommandResult; calls: Call[] }> {
  const { result, trace } = await traced([...common(names[kind]), '-y'], run);
  return { result, calls: parse(trace, isMeant[kind], from) };
}

/**
 * Runs something that meets a fault at one call, or from that one on; `fault` as in `strace --inject`. `undefined` when
 * the fault met another call: Node's threads wake one another by writing, and not always as often.
 */
export async function inject(
  kind: Kind,
  call: Call,
  { inject: fault, lasting }: { readonly inject: string; readonly lasting: boolean },
  run: Run,
): Promise<CommandResult | undefined> {
  const when = `inject=${call.name}:${fault}:when=${call.nth}${lasting ? '+' : ''}`;
  const { result, trace } = await traced([...common(call.name, fault), '-y', '-e', when], run);
  const hits = trace
    .split('\n')
    .flatMap(
      (line) => /^(?:\d+ +)?(\w+\(.*(\(INJECTED\)$|= \?$|<unfinished \.\.\.>$))/.exec(line)?.[1] ?? [],
    );
  // A failed write that was to wake a thread ends Node.
  const isWrong = call.name === 'write' && hits.some((text) => !isMeant[kind](call.name, text));
  return !isWrong && hits.some((text) => toForm(text) === toForm(call.on)) ? result : undefined;
}

/** What a call is about, its name and its first path, without what differs from run to run. */
function toForm(text: string): string {
  const [about = text] = /^\w+\((AT_FDCWD<[^>]*>, )?("[^"]*"|\d+<[^>]*>)?/.exec(text) ?? [];
  return about.replaceAll(/[0-9a-f]{12}|\d+/g, 'N');
}

/**
 * strace that is killed lets go of what it follows: a run that does not end (a fault can hit a write by which Node's threads
 * wake one another) is ended with its whole process group, also when the deadline's SIGTERM comes from outside.
 */
const endingAll = ['timeout', '--kill-after=0.3', '3600'];

async function traced(
  options: readonly string[],
  run: Run,
): Promise<{ result: CommandResult; trace: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-calls-'));
  try {
    const file = join(directory, 'trace');
    const result = await run([...endingAll, 'strace', ...options, '-o', file, '--']);
    return { result, trace: readFileSync(file, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** With the filter in the kernel nothing but these calls is slower than without strace; but strace 6.1 then sends no signal. */
function common(trace: string, fault = ''): readonly string[] {
  // The other threads of Node wake one another by writing: a fault there would be Node's, and not one that we could meet.
  const follow = trace === 'write' ? [] : fault.startsWith('signal=') ? ['-f'] : ['-f', '--seccomp-bpf'];
  return [...follow, '-q', '-e', 'signal=none', '-e', `trace=${trace}`];
}

function parse(trace: string, isWanted: (name: string, text: string) => boolean, from: string): Call[] {
  let begun = false;
  let first: string | undefined;
  const counts = new Map<string, number>();
  const calls = new Map<string, Call>();
  for (const line of trace.split('\n')) {
    const [, pid, text, name] = /^(\d+)\s+((\w+)\(.*)$/.exec(line) ?? [];
    if (pid === undefined || text === undefined || name === undefined) continue;
    // strace counts for each process (and thread) of its own.
    const nth = (counts.get(`${pid} ${name}`) ?? 0) + 1;
    counts.set(`${pid} ${name}`, nth);
    first ??= pid;
    begun ||= text.includes(from);
    const key = `${name} ${nth}`;
    // A fault hits the N-th call of every process; where two make one, it is named after that of the program itself.
    if (begun && isWanted(name, text) && (pid === first || !calls.has(key)))
      calls.set(key, { name, nth, on: text });
  }
  return [...calls.values()];
}
