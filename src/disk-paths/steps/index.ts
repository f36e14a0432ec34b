import { errorName, GuardError } from '../../core/errors';
import type { Step } from '../../core/repair-step';
import { removeLeftovers } from '../io/dev-tree';
import { log } from '../../os/log';
import { expectHostHas } from './expect-host';
import { makeDirectory } from './make-directory';
import { makeNode } from './make-node';
import { makeSymlink, replaceSymlink } from './make-symlink';
import type { Executors, Undo, Workplace } from './step';

const executors: Executors = {
  'make-directory': makeDirectory,
  'make-symlink': makeSymlink,
  'replace-symlink': replaceSymlink,
  'make-node': makeNode,
};

/** What a plan did: the steps that are done, how to take them back, and why it stopped, if it did. */
export interface AppliedSteps {
  readonly done: readonly Step[];
  readonly undo: Undo;
  readonly error?: GuardError;
}

/** Does the steps in their order and stops at the first that fails. Only with the domain's lock. */
export async function apply(steps: readonly Step[], place: Workplace): Promise<AppliedSteps> {
  const done: Step[] = [];
  const undos: Undo[] = [];
  const undo = (): void => {
    for (const takeBack of undos.reverse()) {
      try {
        takeBack();
      } catch (error) {
        // One that somebody else filled or exchanged must not keep the others.
        log('could not take a step back', { domain: place.held.domain.name, why: errorName(error) });
      }
    }
  };
  for (const step of steps) {
    try {
      expectHostHas(step, place);
      undos.push(await execute(step, place));
      place.held.view.forget(step.path);
      done.push(step);
      log('did a step', { domain: place.held.domain.name, ...step });
    } catch (error) {
      removeLeftovers(place.held);
      return { done, undo, error: explain(error, step, place) };
    }
  }
  return { done, undo };
}

/** The table is complete for every kind of step; TypeScript cannot follow one kind through it. */
function execute(step: Step, place: Workplace): Promise<Undo> {
  return (executors[step.step] as (step: Step, place: Workplace) => Promise<Undo>)(step, place);
}

const reasons: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  ENOSPC: [
    'the file system is full (libvirt gives /dev 64 KiB)',
    'remove from /dev in that namespace what is no node of a disk',
  ],
  EROFS: ['the file system is mounted read-only', 'remount /dev in that namespace writable'],
  EEXIST: ['something appeared there meanwhile', 'run again'],
  ENOTEMPTY: ['something appeared there meanwhile', 'run again'],
  EPERM: ['not permitted', 'run as root'],
  EACCES: ['not permitted', 'run as root'],
};

function explain(error: unknown, step: Step, { held }: Workplace): GuardError {
  if (error instanceof GuardError) return error;
  const name = errorName(error);
  const [why, remedy] = reasons[name] ?? [name, 'run again with --verbose'];
  const what = `${held.domain.name}: ${step.path} could not be made in QEMU's mount namespace: ${why}`;
  return new GuardError('failed', what, remedy, { cause: error });
}
