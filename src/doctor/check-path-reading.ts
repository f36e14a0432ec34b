import { chmodSync, chownSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorName } from '../core/error-name';
import type { Finding } from '../core/finding';
import { PathReaders } from '../file-tree/path-reader/path-readers';
import type { Answered } from '../file-tree/path-reader/path-reader';
import { message, textOf } from '../messages';
import { findingOf } from './finding-of';

const found = findingOf('path-reader');
/** Debian's nobody; any user that is not root will do. */
const nobody = { uid: 65_534, gid: 65_534, groups: [65_534], overridesAccess: false };

/**
 * Whether this machine can read files as another user, with which every check, repair and move starts. It is tried:
 * that user's own file must open, and root's must not.
 */
export async function judgePathReading(): Promise<Finding> {
  if (process.geteuid?.() !== 0) return found('unknown', message('reading-needs-root'));
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-doctor-'));
  const readers = new PathReaders();
  const root = openSync(directory, 'r');
  try {
    chmodSync(directory, 0o711);
    for (const [name, owner] of [
      ['own', nobody.uid],
      ['root', 0],
    ] as const) {
      writeFileSync(join(directory, name), '', { mode: 0o600 });
      chownSync(join(directory, name), owner, 0);
    }
    const number = readers.add(root, () => []);
    const asked = ['/own', '/root'].map((path) => ({ root: number, path, open: { direct: false } }));
    const [own, others] = await readers.read(nobody, asked);
    return findingOfTrial(own, others);
  } catch (error) {
    return problem(errorName(error));
  } finally {
    readers.end();
    closeSync(root);
    rmSync(directory, { recursive: true, force: true });
  }
}

function findingOfTrial(own: Answered | undefined, others: Answered | undefined): Finding {
  if (!own || !others) return problem(textOf('no-answer'));
  if (!('resolved' in own)) return problem(own.why);
  if (own.opened?.kind !== 'opened') return problem(textOf('own-file-not-opened'));
  if (!('resolved' in others) || others.opened?.kind !== 'refused')
    return problem(textOf('root-file-opened'));
  return found('ok', message('reads-as-other', { version: process.version }));
}

function problem(why: string): Finding {
  return found('problem', message('not-read-as-other', { why }));
}
