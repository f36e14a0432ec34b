import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorName } from '../../core/error-name';
import { GuardError } from '../../core/errors';
import { codeOf, remedyOf } from '../../core/remedy-of';
import { readNamedFile } from '../../os/read-named-file';
import { message, textOf } from '../../messages';
import { makeRootDirectory } from '../../os/root-directory';

/**
 * One entry about one link. `begin` is written before the link is replaced, `done` when it was and every VM behind it
 * was checked; a `begin` alone means that the program died in between, and only the link itself shows which of the
 * two targets it has.
 */
interface JournalEntry {
  readonly time: string;
  readonly state: 'begin' | 'done' | 'taken-back';
  readonly link: string;
  readonly from: string;
  readonly to: string;
}

/** A file of JSON lines; each line is on the disk before the action that it announces. */
export class Journal {
  private constructor(
    readonly file: string,
    private readonly descriptor: number,
  ) {}

  /** @throws GuardError when the directory is not root's own. */
  static create(directory: string): Journal {
    try {
      makeRootDirectory(directory);
      return Journal.createNew(directory);
    } catch (error) {
      if (error instanceof GuardError) throw error;
      const remedy = remedyOf(error, directory, {
        otherwise: textOf('look-at-journal-directory', { directory }),
      });
      const failed = message('journal-not-made', { directory, error: errorName(error) });
      throw new GuardError(codeOf(error), { ...failed, remedy });
    }
  }

  /**
   * Time and pid alone are not unique: one process may start two journals in a millisecond, and processes of two pid
   * namespaces may share a pid. If a name is taken, the next number is tried; an existing file is never written.
   */
  private static createNew(directory: string): Journal {
    const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
    for (let number = 1; ; number += 1) {
      const suffix = number === 1 ? '' : `-${number}`;
      const file = join(directory, `relink-${stamp}-${process.pid}${suffix}.jsonl`);
      try {
        return new Journal(file, openSync(file, 'ax', 0o640));
      } catch (error) {
        if (errorName(error) !== 'EEXIST') throw error;
      }
    }
  }

  /** @throws GuardError `failed`: then nothing may be done that would have to be recorded */
  write(entry: Omit<JournalEntry, 'time'>): void {
    try {
      writeSync(this.descriptor, `${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
      fsyncSync(this.descriptor);
    } catch (error) {
      const remedy = remedyOf(error, this.file, {
        otherwise: textOf('look-at-journal', { file: this.file }),
      });
      const failed = message('journal-not-written', { file: this.file, error: errorName(error) });
      throw new GuardError('failed', { ...failed, remedy }, undefined, { cause: error });
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/**
 * Reads a journal. A last line that a crash cut off announces nothing that was done, and is left out.
 * @throws GuardError for a file that is not a journal
 */
export function readJournal(file: string): JournalEntry[] {
  const { remedy } = message('not-a-journal', { place: file });
  const text = readNamedFile(file, textOf('the-journal', { file }), remedy);
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .flatMap((line, index) => (line === '' ? [] : [parseLine(line, `${file}, line ${index + 1}`)]));
}

function parseLine(line: string, place: string): JournalEntry {
  try {
    const entry = JSON.parse(line) as Partial<Record<keyof JournalEntry, unknown>> | null;
    const { time, state, link, from, to } = entry ?? {};
    const known = state === 'begin' || state === 'done' || state === 'taken-back';
    if (known && [time, link, from, to].every((field) => typeof field === 'string'))
      return entry as JournalEntry;
  } catch {
    // Reported below, with the line number.
  }
  throw new GuardError('usage', message('not-a-journal', { place }));
}
