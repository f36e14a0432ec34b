import { lchownSync, linkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { copyAclAndLabel } from '../io/copy-labels';
import { prepareEntry } from '../io/new-entry';
import { fdPathOf, removeTemporaryName, undoIfSame, type Executors } from './step';

export const makeSymlink: Executors['make-symlink'] = async (step, { held, host }) => {
  const { final, temporary } = prepareEntry(step.path, held);
  symlinkSync(step.target, temporary);
  lchownSync(temporary, step.uid, step.gid);
  await copyAclAndLabel(fdPathOf(host, step.path), temporary);
  const undo = undoIfSame(final, temporary, unlinkSync);
  // link(2) follows no symlink and, unlike rename(2), replaces nothing that appeared meanwhile.
  linkSync(temporary, final);
  return removeTemporaryName(temporary, undo);
};

/** As libvirt does with a link whose target differs from the host's (qemuNamespaceMknodOne). */
export const replaceSymlink: Executors['replace-symlink'] = async (step, { held, host }) => {
  const { final, temporary } = prepareEntry(step.path, held);
  symlinkSync(step.target, temporary);
  lchownSync(temporary, step.uid, step.gid);
  await copyAclAndLabel(fdPathOf(host, step.path), temporary);
  const undo = undoIfSame(final, temporary, () => {
    symlinkSync(step.was, temporary);
    lchownSync(temporary, step.uid, step.gid);
    renameSync(temporary, final);
  });
  renameSync(temporary, final);
  return undo;
};
