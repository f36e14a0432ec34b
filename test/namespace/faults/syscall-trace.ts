import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult } from '../../../src/os/run-command';

/** The N-th time that a process of the run makes this system call; `on`: its form in the recording. */
export interface Call {
  readonly name: string;
  readonly nth: number;
  readonly on: string;
}

/** The kind of calls: some change the machine, others only read it. */
type Kind = 'changes' | 'looks';

const names: Readonly<Record<Kind, string>> = {
  // strace ignores those that this processor's kernel does not have (`?`).
  changes:
    '?mkdir,?mkdirat,?symlink,?symlinkat,?link,?linkat,?rename,?renameat,?renameat2,?unlink,?unlinkat,?rmdir,?mknod,?mknodat,' +
    '?chown,?lchown,?fchown,?fchownat,?chmod,?fchmod,?fchmodat,?setxattr,?lsetxattr,?fsetxattr,' +
    '?open,openat,write,?pwrite64,fsync,?fdatasync,ftruncate',
  looks: '?open,openat,?stat,?lstat,fstat,?newfstatat,?statx,?readlink,readlinkat,read,?pread64,getdents64',
};

/** Selects the relevant ones of calls that belong to both kinds. `strace -y` shows the paths of open files. */
const isMeant: Readonly<Record<Kind, (name: string, text: string) => boolean>> = {
  changes: (name, text) => {
    if (/^open(at)?$/.test(name)) return text.includes('O_CREAT');
    return !/^p?write(64)?$/.test(name) || isOfFile(text);
  },
  // Files that Node and the C library read for themselves are not facts of ours, nor are the three standard files.
  looks: (name, text) =>
    /^p?read(64)?$/.test(name) ? isOfFile(text) : !/"\/(usr|lib|etc|sys)\b|^fstat\([012]</.test(text),
};

function isOfFile(text: string): boolean {
  return /^\w+\(\d+<\/(?!dev\/|usr\/|lib)/.test(text);
}

/** Runs the program below such a command. */
type Run = (under: readonly string[]) => Promise<CommandResult>;

/**
 * Runs something once.
 * @returns its calls, each once for all of its processes; `from`: the path in the first call of our program, because
 * Node's own calls come before
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
 * Runs something with a fault at one call, or from that call on; `fault` as in `strace --inject`.
 * @returns undefined if the fault hit another call: Node's threads wake each other by writing, and the number of
 * these calls varies
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

/** The name of a call and its first path, without the parts that differ from run to run. */
function toForm(text: string): string {
  const [about = text] = /^\w+\((AT_FDCWD<[^>]*>, )?("[^"]*"|\d+<[^>]*>)?/.exec(text) ?? [];
  return about.replaceAll(/[0-9a-f]{12}|\d+/g, 'N');
}

/**
 * If strace is killed, it detaches from its processes: a run that does not end (a fault can hit a write by which
 * Node's threads wake each other) is killed with its whole process group, also when the deadline's SIGTERM comes from
 * outside.
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

/**
 * With the filter in the kernel only these calls are slower than without strace; but strace 6.1 then sends no signal.
 */
function common(trace: string, fault = ''): readonly string[] {
  // The other threads of Node wake each other by writing: a fault there would hit Node, not our program.
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
    // strace counts separately for each process (and thread).
    const nth = (counts.get(`${pid} ${name}`) ?? 0) + 1;
    counts.set(`${pid} ${name}`, nth);
    first ??= pid;
    begun ||= text.includes(from);
    const key = `${name} ${nth}`;
    // A fault hits the N-th call of every process; if two make one, its name is that of the program itself.
    if (begun && isWanted(name, text) && (pid === first || !calls.has(key)))
      calls.set(key, { name, nth, on: text });
  }
  return [...calls.values()];
}
