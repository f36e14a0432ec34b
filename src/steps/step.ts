import { lstatSync } from 'node:fs';
import { GuardError } from '../core/errors';
import type { Step } from '../core/plan';
import type { HeldDomain } from '../system/held-domain';
import type { TreeView } from '../system/view';

/** Where a step acts: the domain's own tree, and the host's, whose owners and labels it copies. */
export interface Workplace {
  readonly held: HeldDomain;
  readonly host: TreeView;
}

/** Takes back exactly what one step did; does nothing where somebody else has changed it since. */
export type Undo = () => void;

/**
 * One executor per kind of step. Each makes its entry under a temporary name beside the final one, through the
 * parent's own descriptor, and lets it appear complete in one system call.
 * @throws the system's error, or a GuardError; the entry is then not there under its name.
 */
export type Executors = {
  readonly [Kind in Step['step']]: (step: Extract<Step, { step: Kind }>, place: Workplace) => Promise<Undo>;
};

/** An undo for the entry that now has the temporary name, and will have the final one. */
export function undoIfSame(final: string, temporary: string, takeBack: (final: string) => void): Undo {
  const { ino, dev } = lstatSync(temporary);
  return () => {
    const now = lstatSync(final, { throwIfNoEntry: false });
    if (now?.ino === ino && now.dev === dev) takeBack(final);
  };
}

/** @throws GuardError when the directory of a path has gone since it was planned with. */
export function anchorOf(view: TreeView, path: string): string {
  const anchor = view.anchor(path);
  if (anchor === undefined)
    throw new GuardError('failed', `${path} has gone since it was looked at`, 'run again');
  return anchor;
}
