import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { GuardError } from '../../core/errors';
import { message } from '../../messages';
import { runCommand } from '../../os/run-command';
import { copyAclAndLabel, ofThisProcess } from '../io/copy-labels';
import { prepareEntry, type NewEntry } from '../io/new-entry';
import { toEntry } from '../../file-tree/tree';
import {
  fdPathOf,
  finish,
  removeTemporaryName,
  undoIfSame,
  type Executors,
  type StepOf,
  type Workplace,
} from './step';

type NodeStep = StepOf<'make-node' | 'replace-node'>;

const mknodDeadlineMs = 5_000;

export const makeNode: Executors['make-node'] = async (step, place) => {
  const where = await makeTemporaryNode(step, place);
  const undo = undoIfSame(where.final, where.temporary, unlinkSync);
  linkSync(where.temporary, where.final);
  return removeTemporaryName(where.temporary, undo);
};

/**
 * As libvirt does with a node whose device differs from the host's (qemuNamespaceMknodOne). The old node keeps a temporary
 * name until the repair is over, for its undo.
 */
export const replaceNode: Executors['replace-node'] = async (step, place) => {
  const { final, temporary } = await makeTemporaryNode(step, place);
  const old = `${temporary}-${lstatSync(final).ino}`;
  // link(2) follows no symlink.
  linkSync(final, old);
  const replaced = toEntry(lstatSync(old), old);
  if (replaced.kind !== 'block' || replaced.device !== step.was)
    throw new GuardError('failed', message('entry-exchanged', { path: step.path }));
  const undo = undoIfSame(final, temporary, () => renameSync(old, final));
  renameSync(temporary, final);
  return undo;
};

/** The new node, complete, under its temporary name. */
async function makeTemporaryNode(step: NodeStep, place: Workplace): Promise<NewEntry> {
  const where = prepareEntry(step.path, place.held);
  if (step.like === undefined) await makeNewNode(step, where, place);
  // A hard link to the node that libvirt made for this QEMU: it keeps its owner, mode, list and label.
  else linkSync(fdPathOf(place.held.view, step.like), where.temporary);
  const made = toEntry(lstatSync(where.temporary), where.temporary);
  if (made.kind !== 'block' || made.device !== step.device) {
    unlinkSync(where.temporary);
    const { path, device } = step;
    throw new GuardError('failed', message('wrong-node-made', { path, device }));
  }
  return where;
}

/** Node has no mknod(2). The command gets a name that is bound to the directory by our descriptor. */
async function makeNewNode(step: NodeStep, { temporary }: NewEntry, { host }: Workplace): Promise<void> {
  const [major = '', minor = ''] = step.device.split(':');
  const node = ofThisProcess(temporary);
  const result = await runCommand(['mknod', '--mode=0600', '--', node, 'b', major, minor], {
    deadline: mknodDeadlineMs,
  });
  if (result.exit !== 0) {
    const values = { path: step.path, error: result.stderr.trim() };
    throw new GuardError('failed', message('node-not-made', values));
  }
  await finish(temporary, step, (pinned) => copyAclAndLabel(fdPathOf(host, step.path), temporary, pinned));
}
