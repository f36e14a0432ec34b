import type { Entry } from '../../file-tree/model/entry';
import { describeKind } from '../../file-tree/model/describe-hops';
import { message } from '../../messages';
import { GuardError } from '../../core/errors';
import type { Step } from '../../core/repair-step';
import type { Workplace } from './step';

/**
 * Only what the host itself has is made inside. The plan comes from what a process with QEMU's credentials read, which
 * QEMU could have disturbed; so root reads the host's entry once more, by itself.
 * @throws GuardError when the host has something else there.
 */
export function expectHostHas(step: Step, { held, host, links }: Workplace): void {
  const entry = host.look(step.path);
  if (isMadeLike(step, entry, links?.get(step.path))) return;
  const values = { domain: held.domain.name, path: step.path, kind: describeKind(entry) };
  throw new GuardError('failed', message('host-entry-changed', values));
}

function isMadeLike(step: Step, entry: Entry, plannedTarget: string | undefined): boolean {
  switch (step.step) {
    case 'make-directory':
      return entry.kind === 'directory' && hasPermissionsOf(step, entry);
    case 'make-symlink':
    case 'replace-symlink':
      return (
        entry.kind === 'link' &&
        (plannedTarget ?? entry.target) === step.target &&
        entry.uid === step.uid &&
        entry.gid === step.gid
      );
    case 'make-node':
    case 'replace-node':
      // A step with `like` takes owner and mode from the node that is inside already.
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
