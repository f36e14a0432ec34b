import { linkSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { codeOf, remedyOf } from '../core/remedy-of';
import { message } from '../messages';
import { log } from '../os/log';
import { startTimeOf } from '../os/process-start-time';

/** On a tmpfs, so that no lock outlives the boot from which its holder's start time is counted. */
const lockDirectory = '/run/migrate-guard';

/**
 * For work that guards or follows a move, in milliseconds: the watcher holds a VM's lock for some 100 ms while it
 * repairs.
 */
export const patienceForMove = 5000;

interface LockOptions {
  readonly directory?: string;
  /** How long a lock that another process holds is claimed again, in milliseconds. */
  readonly patience?: number;
}

/** Processes that claim at the very same moment withdraw their claims and try again, this often. */
const maxAttempts = 20;
const maxPauseMs = 25;

interface LockClaim {
  readonly file: string;
  readonly pid: number;
  readonly held: boolean;
}

/**
 * Does `work` while this process holds the domain's lock; another process gets `busy`, with the pid of the holder. Node
 * has no flock(2), and a file that means "locked" while it exists cannot be taken over from a dead holder without a
 * race. So each claimant makes a file of its own, named after its pid and start time, and only then looks for
 * others: of two, the later one always sees the earlier. The file of a dead process is ignored, and any process may
 * remove it, because no other process will ever have that name.
 *
 * Must not be nested: `work` must not lock the same domain again. To other work of this process it is locked as to another
 * process.
 * @throws GuardError `busy`; `notPermitted` or `failed` when it cannot be locked.
 */
export async function withDomainLock<T>(
  name: string,
  work: () => Promise<T>,
  { directory = lockDirectory, patience = 0 }: LockOptions = {},
): Promise<T> {
  const claims = prepare(directory, name);
  const own = ownName();
  const end = performance.now() + patience;
  for (let attempt = 1; ; attempt += 1) {
    const other = claim(claims, own, name);
    if (!other) {
      try {
        return await work();
      } finally {
        release(join(claims, `${own}.held`));
      }
    }
    const isLate = performance.now() >= end;
    if (isLate && other.held) throw busy(name, other.pid);
    if (isLate && attempt >= maxAttempts) throw busy(name);
    await pause(1 + Math.random() * maxPauseMs);
  }
}

/** A claim that cannot be removed is ignored as soon as this process has ended. */
function release(claim: string): void {
  try {
    rmSync(claim, { force: true });
  } catch (error) {
    log('a lock could not be removed', { claim, why: errorName(error) });
  }
}

/** Claims the lock; or withdraws the claim, and returns the one of another process. */
function claim(claims: string, own: string, name: string): LockClaim | undefined {
  const file = join(claims, own);
  try {
    // This process works on the domain already.
    const ours = list(claims).find((other) => other.file === own);
    if (ours) return { ...ours, held: true };
    writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
    const others = list(claims).filter((other) => other.file !== own);
    // The second name is made before the first is removed: a process that reads the directory always sees one of them.
    if (others.length === 0) linkSync(file, `${file}.held`);
    release(file);
    if (others.length === 0) return undefined;
    return others.find(({ held }) => held) ?? others[0];
  } catch (error) {
    release(file);
    throw cannotLock(name, claims, error);
  }
}

/** The claims of living processes; removes those of dead ones. */
function list(claims: string): LockClaim[] {
  return readdirSync(claims).flatMap((entry) => {
    const [, file, pid, start] = /^(([0-9]+)-([0-9]+))(?:\.held)?$/.exec(entry) ?? [];
    if (file === undefined) return [];
    if (startTimeOf(Number(pid)) === Number(start)) {
      return [{ file, pid: Number(pid), held: entry.endsWith('.held') }];
    }
    rmSync(join(claims, entry), { force: true });
    return [];
  });
}

function ownName(): string {
  return `${process.pid}-${startTimeOf(process.pid) ?? 0}`;
}

function prepare(directory: string, name: string): string {
  // libvirt forbids `/` in names, but not `.` and `..`.
  const claims = join(directory, `${encodeURIComponent(name).replaceAll('.', '%2E')}.lock`);
  try {
    mkdirSync(claims, { recursive: true, mode: 0o700 });
    for (const path of [directory, claims]) {
      const stat = lstatSync(path);
      if (!stat.isDirectory() || stat.uid !== process.geteuid?.() || (stat.mode & 0o022) !== 0) {
        throw new GuardError('notPermitted', message('lock-directory-shared', { directory: path }));
      }
    }
    return claims;
  } catch (error) {
    if (error instanceof GuardError) throw error;
    throw cannotLock(name, directory, error);
  }
}

function cannotLock(name: string, directory: string, cause: unknown): GuardError {
  const values = { domain: name, directory, error: errorName(cause) };
  const { remedy: otherwise, ...found } = message('lock-not-made', values);
  const remedy = remedyOf(cause, directory, { otherwise });
  return new GuardError(codeOf(cause), { ...found, remedy }, undefined, { cause });
}

function busy(domain: string, pid?: number): GuardError {
  const found =
    pid === undefined ? message('lock-contended', { domain }) : message('lock-held', { domain, pid });
  return new GuardError('busy', found);
}
