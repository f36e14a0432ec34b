import {
  accessSync,
  constants,
  fstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorName } from '../core/error-name';
import { bounded, readEntry, type RecordEntry } from './model/record';
import { readJsonObject } from '../core/report-json';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { appending, plainly, withFile } from '../os/open-file';
import { writeWhole } from '../os/output-file';

/** Entries kept per VM. */
const keptEntriesOfVm = 10;
/** Bytes; a longer file is not read. */
const maxFileBytes = 1024 * 1024;
/** Bytes after which the list of guards that could not run is rotated; one earlier list is kept. */
const maxListBytes = 256 * 1024;

const notRunFile = 'not-run.jsonl';

/** The directory in which the front-end keeps what was done for each VM; OpenNebula's own user writes there. */
export function recordDirectory(environment: Readonly<NodeJS.ProcessEnv>): string {
  const location = environment['ONE_LOCATION'];
  return join(location ? join(location, 'var') : '/var/lib/one', 'migrate-guard');
}

/**
 * Writes an entry, the newest first, into the VM's own document.
 * @returns why that was not possible
 */
export function keepEntry(directory: string, given: RecordEntry): string | undefined {
  const entry = bounded(given);
  const { vmId } = entry;
  const lost =
    whyNot(() => mkdirSync(directory, { recursive: true, mode: 0o750 })) ??
    // The VM's own document is written even where the list cannot be.
    [
      entry.guard === 'could-not-run'
        ? whyNot(() => appendLine(join(directory, notRunFile), entry))
        : undefined,
      whyNot(() => {
        const entries = [entry, ...entriesIn(directory, vmId)].slice(0, keptEntriesOfVm);
        const text = `${JSON.stringify({ vmId, entries }, undefined, 2)}\n`;
        writeWhole(join(directory, `${vmId}.json`), text);
      }),
    ].find((why) => why !== undefined);
  return lost === undefined ? undefined : textOf('record-not-written', { path: directory, why: lost });
}

/** Returns why that was not possible. */
function whyNot(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return errorName(error);
  }
}

/** Reads the entries of one VM, the newest first, at most `count` of them. */
export function entriesIn(directory: string, vmId: number, count = keptEntriesOfVm): RecordEntry[] {
  const text = readOwn(join(directory, `${vmId}.json`));
  const entries: unknown = readJsonObject(isUnknown(text) ? '' : text)?.get('entries');
  return Array.isArray(entries) ? entries.slice(0, count).flatMap((entry) => readEntry(entry) ?? []) : [];
}

/**
 * Reads every guard that could not run, of all VMs; also those that the shell recorded
 * (remotes/migrate-guard/start.sh).
 */
export function entriesNotRun(directory: string): RecordEntry[] | Unknown {
  try {
    accessSync(directory, constants.R_OK | constants.X_OK);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return [];
    return { unknown: textOf('record-not-read', { path: directory, why: errorName(error) }) };
  }
  const lists = [`${notRunFile}.old`, notRunFile].map((name) => readOwn(join(directory, name)));
  const unread = lists.find((list) => isUnknown(list));
  if (unread) return unread;
  return lists
    .flatMap((list) => (isUnknown(list) ? [] : list.split('\n')))
    .flatMap((line) => readEntry(Object.fromEntries(readJsonObject(line) ?? [])) ?? []);
}

/** Reads all entries of all VMs. */
export function allEntries(directory: string): RecordEntry[] {
  try {
    return readdirSync(directory)
      .flatMap((name) => /^([0-9]{1,10})\.json$/.exec(name)?.[1] ?? [])
      .flatMap((vmId) => entriesIn(directory, Number(vmId)));
  } catch {
    return [];
  }
}

/** A line of a few hundred bytes is written in one piece, also with concurrent writers. */
function appendLine(file: string, entry: RecordEntry): void {
  const write = (descriptor: number): void => {
    writeSync(descriptor, `${JSON.stringify(entry)}\n`);
    if (fstatSync(descriptor).size >= maxListBytes) renameSync(file, `${file}.old`);
  };
  withFile(file, appending, write, 0o640);
}

/**
 * Empty where there is no file. Anything but a regular file of a plausible length is unknown: root reads here what
 * OpenNebula's user writes, who may have put a link or a pipe in its place.
 */
function readOwn(file: string): string | Unknown {
  const cannot = (why: string): Unknown => ({
    unknown: textOf('record-not-read', { path: file, why }),
  });
  try {
    return withFile(file, plainly, (descriptor) => {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) return cannot(textOf('not-a-plain-file'));
      return stat.size <= maxFileBytes
        ? readFileSync(descriptor, 'utf8')
        : cannot(textOf('longer-than-allowed', { size: '1 MiB' }));
    });
  } catch (error) {
    return errorName(error) === 'ENOENT' ? '' : cannot(errorName(error));
  }
}
