import { errorName } from '../../core/error-name';
import { GuardError } from '../../core/errors';
import type { Step } from '../../core/repair-step';
import { message, type Message } from '../../messages';
import { removeLeftovers } from '../io/dev-tree';
import { log } from '../../os/log';
import { expectHostHas } from './expect-host';
import { makeDirectory } from './make-directory';
import { makeNode, replaceNode } from './make-node';
import { makeSymlink, replaceSymlink } from './make-symlink';
import type { Executors, Undo, Workplace } from './step';

const executors: Executors = {
  'make-directory': makeDirectory,
  'make-symlink': makeSymlink,
  'replace-symlink': replaceSymlink,
  'make-node': makeNode,
  'replace-node': replaceNode,
};

/** What was done of a plan, and its undo; or the error that stopped it, after which everything was undone. */
interface AppliedSteps {
  readonly done: readonly Step[];
  readonly undo: Undo;
  readonly error?: GuardError;
}

/**
 * Does the steps in their order and stops at the first that fails. The caller must hold the domain's lock, and call
 * `removeLeftovers` when what was done is to stay: a node that was replaced is kept for its undo.
 */
export async function apply(steps: readonly Step[], place: Workplace): Promise<AppliedSteps> {
  const done: Step[] = [];
  const undos: Undo[] = [];
  const undo = (): void => {
    for (const undoOne of undos.reverse()) {
      try {
        undoOne();
      } catch (error) {
        // An entry that was filled or replaced meanwhile must not stop the undo of the others.
        log('could not undo a step', { domain: place.held.domain.name, why: errorName(error) });
      }
    }
    removeLeftovers(place.held);
  };
  for (const step of steps) {
    try {
      expectHostHas(step, place);
      undos.push(await execute(step, place));
      place.held.view.forget(step.path);
      done.push(step);
      log('did a step', { domain: place.held.domain.name, ...step });
    } catch (error) {
      undo();
      return { done, undo, error: explain(error, step, place) };
    }
  }
  return { done, undo };
}

/** The table is complete for every kind of step; TypeScript cannot follow one kind through it. */
function execute(step: Step, place: Workplace): Promise<Undo> {
  return (executors[step.step] as (step: Step, place: Workplace) => Promise<Undo>)(step, place);
}

const reasons: Readonly<Record<string, Message & { readonly remedy: string }>> = {
  ENOSPC: message('dev-full'),
  EROFS: message('dev-read-only'),
  EEXIST: message('entry-appeared'),
  ENOTEMPTY: message('entry-appeared'),
  EPERM: message('not-permitted'),
  EACCES: message('not-permitted'),
};

function explain(error: unknown, { path }: Step, { held }: Workplace): GuardError {
  if (error instanceof GuardError) return error;
  const name = errorName(error);
  const why = reasons[name] ?? message('other-error', { error: name });
  const failed = message('step-failed', { domain: held.domain.name, path, why });
  return new GuardError('failed', { ...failed, remedy: why.remedy }, undefined, { cause: error });
}
