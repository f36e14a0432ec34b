import type { Strategy } from '../../core/remedy-name';
import { cont } from './cont';
import { gdb } from './gdb-clear';
import { memory } from './memory-clear';
import type { Remedy } from './remedy';
import { suspendResume } from './suspend-resume';

export { ResetTarget, type AppliedRemedy as Applied, type Plan } from './remedy';

/** One file per remedy; a strategy without one does not compile. */
export const remedies: Readonly<Record<Strategy, Remedy>> = {
  cont,
  'suspend-resume': suspendResume,
  memory,
  gdb,
};
