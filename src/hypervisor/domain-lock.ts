import { linkSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorName, GuardError } from '../core/errors';
import { codeOf, remedyOf } from '../core/remedy-of';
import { log } from '../os/log';
import { startTimeOf } from '../os/process-start-time';

/** On a tmpfs, so that no lock outlives the boot by whose clock its holder's start time counts. */
const lockDirectory = '/run/migrate-guard';

/** Those who claim at the very same moment step back and try again, this often. */
const maxAttempts = 20;
const maxPauseMs = 25;

interface LockClaim {
  readonly file: string;
  readonly pid: number;
  readonly held: boolean;
}

/**
 * Does `work` as the only one who works on this domain; whoever comes second is told who is first. Node has no
 * flock(2), and a file that means "locked" while it exists cannot be taken over from a dead holder without a
 * race. So each claimant makes a file of its own, named after its pid and start time, and only then looks for
 * others: of two, the later one sees the earlier, always. What a dead process left behind counts for nothing
 * and can be removed by anybody, because nobody else will ever have that name.
 *
 * Not to be nested: what a locked workflow calls must not lock again.
 * @throws GuardError `busy`; `notPermitted` or `failed` when it cannot be locked.
 */
export async function withDomainLock<T>(
  name: string,
  work: () => Promise<T>,
  directory = lockDirectory,
): Promise<T> {
  const claims = prepare(directory, name);
  const own = ownName();
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const other = claim(claims, own, name);
    if (!other) {
      try {
        return await work();
      } finally {
        release(join(claims, `${own}.held`));
      }
    }
    if (other.held) throw busy(name, other.pid);
    await pause(1 + Math.random() * maxPauseMs);
  }
  throw busy(name);
}

/** A claim that cannot be removed counts for nothing as soon as this process has ended. */
function release(claim: string): void {
  try {
    rmSync(claim, { force: true });
  } catch (error) {
    log('a lock could not be removed', { claim, why: errorName(error) });
  }
}

/** Makes the claim good, and gives nothing; or withdraws it, and gives the one that stands in the way. */
function claim(claims: string, own: string, name: string): LockClaim | undefined {
  const file = join(claims, own);
  if (list(claims).some((other) => other.file === own)) throw busy(name, process.pid);
  try {
    writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
    const others = list(claims).filter((other) => other.file !== own);
    // A second name, then without the first: whoever reads the directory meanwhile sees one of them at least.
    if (others.length === 0) linkSync(file, `${file}.held`);
    release(file);
    if (others.length === 0) return undefined;
    return others.find(({ held }) => held) ?? others[0];
  } catch (error) {
    release(file);
    throw cannotLock(name, claims, error);
  }
}

/** The claims of living processes; those of dead ones are removed on the way. */
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
  // libvirt forbids `/` in names, but not what else a path would obey.
  const claims = join(directory, `${encodeURIComponent(name).replaceAll('.', '%2E')}.lock`);
  try {
    mkdirSync(claims, { recursive: true, mode: 0o700 });
    for (const path of [directory, claims]) {
      const stat = lstatSync(path);
      if (!stat.isDirectory() || stat.uid !== process.geteuid?.() || (stat.mode & 0o022) !== 0) {
        const what = `${path}, where locks are kept, is not a directory that only this user can write`;
        throw new GuardError('notPermitted', what, 'remove it: it is made again');
      }
    }
    return claims;
  } catch (error) {
    if (error instanceof GuardError) throw error;
    throw cannotLock(name, directory, error);
  }
}

function cannotLock(name: string, directory: string, cause: unknown): GuardError {
  const remedy = remedyOf(cause, directory, { otherwise: `see whether ${directory} can be written` });
  const what = `${name} cannot be locked: ${directory}: ${errorName(cause)}`;
  return new GuardError(codeOf(cause), what, remedy, { cause });
}

function busy(name: string, pid?: number): GuardError {
  const who = pid === undefined ? 'several others claim it at the same time' : `process ${pid} has it`;
  return new GuardError('busy', `someone else is working on ${name}: ${who}`, 'wait until that is done');
}
