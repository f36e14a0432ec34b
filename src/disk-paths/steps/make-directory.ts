import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { copyAclAndLabel } from '../io/copy-labels';
import { prepareEntry } from '../io/new-entry';
import { fdPathOf, finish, undoIfSame, type Executors } from './step';

export const makeDirectory: Executors['make-directory'] = async (step, { held, host }) => {
  const { final, temporary } = prepareEntry(step.path, held);
  mkdirSync(temporary, { mode: 0o700 });
  await finish(temporary, step, (pinned) => copyAclAndLabel(fdPathOf(host, step.path), temporary, pinned));
  const undo = undoIfSame(final, temporary, rmdirSync);
  // rename(2) replaces nothing but an empty directory.
  renameSync(temporary, final);
  return undo;
};
