import { readFileSync } from 'node:fs';
import { exitCodes } from '../../../src/core/exit-codes';
import type { CommandResult } from '../../../src/os/run-command';
import type { Volume } from '../harness';
import { inject, record, type Call } from './syscall-trace';
import { pictureOf, type Picture, type Read } from './fs-snapshot';
import { configuration, type Workflow, type World } from './workflow';

/** A fault as strace injects it, and the calls that it can affect. */
interface Fault {
  readonly inject: string;
  /** Whether all later calls of that name fail, too: a full file system stays full. */
  readonly lasting: (call: Call) => boolean;
  readonly meets: (call: Call) => boolean;
}

const takesSpace = /^(mkdir|symlink|link|rename|mknod|open|.?setxattr|write|pwrite|fsync)/;
const isOpenOrWrite = /^(open|p?write|f(data)?sync|ftruncate)/;

export const faults = {
  // The fault is not lasting: a process that starts later works normally.
  'kill -9': { inject: 'signal=SIGKILL', lasting: () => false, meets: () => true },
  ENOSPC: {
    inject: 'error=ENOSPC',
    lasting: ({ name }) => !isOpenOrWrite.test(name),
    meets: ({ name }) => takesSpace.test(name),
  },
  EROFS: {
    inject: 'error=EROFS',
    lasting: ({ name }) => !isOpenOrWrite.test(name),
    meets: ({ name }) => !/^(p?write|f(data)?sync)/.test(name),
  },
  EIO: { inject: 'error=EIO', lasting: () => false, meets: () => true },
} as const satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof faults;

/** The result of a run without a fault. */
export interface Unhindered {
  readonly calls: readonly Call[];
  readonly exit: number | null;
  readonly before: Picture;
  readonly after: Picture;
}

/** The state after the fault: the end, the beginning, or a state in between from which a later run continues. */
export type Outcome = 'done' | 'as it was' | 'in between';

export async function runUnhindered(
  workflow: Workflow,
  program: string,
  volumes: readonly Volume[],
): Promise<Unhindered> {
  const world = await workflow.make(program, volumes);
  try {
    const before = picture(world);
    const { result, calls } = await record('changes', (under) => run(world, under));
    return { calls, exit: result.exit, before, after: picture(world) };
  } finally {
    await world.stage.end();
  }
}

/**
 * Runs a workflow with a fault, and checks everything that it may have damaged.
 * @returns undefined if the fault did not occur
 */
export async function meet(
  workflow: Workflow,
  { before, after, exit }: Unhindered,
  call: Call,
  name: FaultName,
  [program, volumes]: readonly [string, readonly Volume[]],
): Promise<{ outcome: Outcome; wrong: string[] } | undefined> {
  const world = await workflow.make(program, volumes);
  try {
    const fault: Fault = faults[name];
    const lasting = fault.lasting(call);
    const hit = await inject('changes', call, { inject: fault.inject, lasting }, (under) =>
      run(world, under),
    );
    if (!hit) return undefined;
    const now = picture(world);
    const wrong = [...wrongEnd(hit, name), ...wrongGuest(world), ...wrongState(now, before, after)];
    if (workflow.keepsSafe) {
      const checked = await world.stage.run(['check', '310', '--config', configuration]);
      if (checked.exit !== 0) wrong.push(`check says: ${checked.stdout}`);
    }
    const next = await run(world);
    if (next.exit !== exit) wrong.push(`the next run ended with ${next.exit ?? 'a signal'}: ${next.stderr}`);
    // The lock of a process that has died has no effect, and the next process that takes the lock removes it.
    const last = differences(withoutLocks(picture(world)), withoutLocks(after));
    return {
      outcome: outcomeOf(now, before, after),
      wrong: [...wrong, ...last.map((what) => `after the next run: ${what}`), ...wrongGuest(world)],
    };
  } finally {
    await world.stage.end();
  }
}

function run({ stage, argv }: World, under: readonly string[] = []): Promise<CommandResult> {
  // strace ends when the last process has ended that the program started.
  return stage.run(argv, { under, env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` }, deadline: 60_000 });
}

function picture({ stage, qemu, read: readOwn = (_, text) => text }: World): Picture {
  // libvirt's files of this QEMU contain its pid.
  const read: Read = (path, text) => (path.startsWith('/mnt/libvirt/') ? undefined : readOwn(path, text));
  return new Map([
    ...pictureOf(stage.host, ['/mnt', '/dev', '/run'], read),
    ...[...pictureOf(qemu.tree, ['/dev'], read)].map(([path, words]) => [`QEMU's ${path}`, words] as const),
  ]);
}

function wrongEnd({ exit, stderr, timedOut }: CommandResult, fault: FaultName): string[] {
  const statuses: readonly (number | null)[] = Object.values(exitCodes).map(({ status }) => status);
  const wrong: string[] = [];
  if (timedOut) wrong.push('it, or a process that it started, did not end');
  else if (!statuses.includes(exit) && fault !== 'kill -9') wrong.push(`it ended with ${exit ?? 'a signal'}`);
  if (/^\s+at .*[:(]/m.test(stderr)) wrong.push(`it printed a stack: ${stderr}`);
  if (stderr.includes('an unexpected error')) wrong.push(`it did not expect this: ${stderr}`);
  return wrong;
}

function wrongGuest({ qemu }: World): string[] {
  const state = /\) (\w) /.exec(readFileSync(`/proc/${qemu.pid}/stat`, 'latin1'))?.[1];
  return state === 'S' || state === 'R' ? [] : [`the guest's process is in state ${state ?? '?'}`];
}

/** Each entry must be as before or as after, or a temporary one of ours. */
function wrongState(now: Picture, before: Picture, after: Picture): string[] {
  const paths = new Set([...now.keys(), ...before.keys(), ...after.keys()]);
  return [...paths]
    .filter((path) => !isTemporary(path))
    .filter((path) => now.get(path) !== before.get(path) && now.get(path) !== after.get(path))
    .map((path) => `${path} is neither as before nor as after: ${now.get(path) ?? 'missing'}`);
}

function isTemporary(path: string): boolean {
  return /\.migrate-guard-\d+$/.test(path) || isLock(path);
}

function isLock(path: string): boolean {
  return /^\/run\/migrate-guard\/[^/]+\.lock\/\d+-\d+(\.held)?$/.test(path);
}

function withoutLocks(picture: Picture): Picture {
  return new Map([...picture].filter(([path]) => !isLock(path)));
}

function outcomeOf(now: Picture, before: Picture, after: Picture): Outcome {
  if (differences(now, after).length === 0) return 'done';
  // A directory of locks stays, which does not count as a change.
  const isLocks = (what: string): boolean => /^\/run(\/migrate-guard(\/[^/]+\.lock\b[^:]*)?)?: /.test(what);
  return differences(now, before).every(isLocks) ? 'as it was' : 'in between';
}

function differences(one: Picture, other: Picture): string[] {
  const paths = new Set([...one.keys(), ...other.keys()]);
  return [...paths]
    .filter((path) => one.get(path) !== other.get(path))
    .map((path) => `${path}: ${one.get(path) ?? 'missing'} instead of ${other.get(path) ?? 'missing'}`);
}
