import { linkSync, lstatSync, unlinkSync } from 'node:fs';
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

const mknodDeadlineMs = 5_000;

export const makeNode: Executors['make-node'] = async (step, place) => {
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
  const undo = undoIfSame(where.final, where.temporary, unlinkSync);
  linkSync(where.temporary, where.final);
  return removeTemporaryName(where.temporary, undo);
};

/** Node has no mknod(2). The command gets a name that is bound to the directory by our descriptor. */
async function makeNewNode(
  step: StepOf<'make-node'>,
  { temporary }: NewEntry,
  { host }: Workplace,
): Promise<void> {
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
