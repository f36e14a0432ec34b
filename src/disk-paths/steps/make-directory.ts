import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { copyLabels } from '../io/copy-labels';
import { placeFor } from '../io/new-entry';
import { anchorOf, finish, undoIfSame, type Executors } from './step';

export const makeDirectory: Executors['make-directory'] = async (step, { held, host }) => {
  const { final, temporary } = placeFor(step.path, held);
  mkdirSync(temporary, { mode: 0o700 });
  await finish(temporary, step, (pinned) => copyLabels(anchorOf(host, step.path), temporary, pinned));
  const undo = undoIfSame(final, temporary, rmdirSync);
  // rename(2) replaces nothing but an empty directory.
  renameSync(temporary, final);
  return undo;
};
