import { type Entry, describeKind } from '../../file-tree/model/entry';
import { GuardError } from '../../core/errors';
import type { Step } from '../../core/repair-step';
import type { Workplace } from './step';

/**
 * Only what the host itself has is made inside. The plan comes from what a process with QEMU's credentials saw, which a
 * QEMU could have disturbed; so root looks at the host's entry once more, by itself.
 * @throws GuardError when the host has something else there.
 */
export function expectHostHas(step: Step, { held, host, links }: Workplace): void {
  const entry = host.look(step.path);
  if (isMadeLike(step, entry, links?.get(step.path))) return;
  const what = `${held.domain.name}: ${step.path} is ${describeKind(entry)} on the host by now, not what was planned`;
  throw new GuardError('failed', what, 'run again');
}

function isMadeLike(step: Step, entry: Entry, wishedTarget: string | undefined): boolean {
  switch (step.step) {
    case 'make-directory':
      return entry.kind === 'directory' && hasPermissionsOf(step, entry);
    case 'make-symlink':
    case 'replace-symlink':
      return (
        entry.kind === 'link' &&
        (wishedTarget ?? entry.target) === step.target &&
        entry.uid === step.uid &&
        entry.gid === step.gid
      );
    case 'make-node':
      // One like a node that is inside already has that one's owner and mode.
      return (
        entry.kind === 'block' &&
        entry.device === step.device &&
        (step.like !== undefined || hasPermissionsOf(step, entry))
      );
  }
}

function hasPermissionsOf(step: Step, entry: Extract<Entry, { mode: number }>): boolean {
  return step.mode === entry.mode && step.uid === entry.uid && step.gid === entry.gid;
}
