import { readFileSync } from 'node:fs';
import { errorName } from '../../core/error-name';
import { failureOf, type Failure } from '../../core/errors';
import { codeOf, remedyOf } from '../../core/remedy-of';
import { message } from '../../messages';
import { replaceFile } from '../../os/atomic-file';
import { log } from '../../os/log';
import { startTimeOf } from '../../os/process-start-time';
import { makeRootDirectory } from '../../os/root-directory';
import { readWatchState } from '../model/read-state';
import type { WatchState } from '../model/state';

/** On a tmpfs, because it is about processes of this boot. */
const directory = '/run/migrate-guard';
const file = `${directory}/watch.json`;
/** In seconds; the watcher writes every 20. */
const longestSilence = 60;

/** Writes what the watcher sees. A full disk does not stop the watcher. */
export function writeState(state: WatchState): void {
  try {
    makeRootDirectory(directory);
    replaceFile(file, `${JSON.stringify(state)}\n`, 0o644);
  } catch (error) {
    log('the state of the watcher cannot be written', { file, why: errorName(error) });
  }
}

/** What the watcher of this host saw last, or why that is not known. */
export function readState(): WatchState | Failure {
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (errorName(error) === 'ENOENT') return failureOf('problem', message('watcher-not-running'));
    const { remedy: otherwise, ...reason } = message('watch-state-not-read', {
      file,
      error: errorName(error),
    });
    const code = codeOf(error) === 'notPermitted' ? 'notPermitted' : 'undecided';
    return failureOf(code, { ...reason, remedy: remedyOf(error, file, { otherwise }) });
  }
  const state = readWatchState(written);
  if (!state) return failureOf('undecided', message('watch-state-not-understood', { file }));
  const { pid, startTime, time } = state;
  if (startTimeOf(pid) !== startTime) return failureOf('problem', message('watcher-ended', { pid }));
  const seconds = Math.abs(Math.floor(new Date().getTime() / 1000 - time));
  // Much later than now: the clock was set back, and it has not written since.
  return seconds > longestSilence
    ? failureOf('undecided', message('watcher-silent', { pid, seconds }))
    : state;
}
