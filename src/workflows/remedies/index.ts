import type { Strategy } from '../../core/strategy';
import { cont } from './cont';
import { gdb } from './gdb';
import { memory } from './memory';
import type { Remedy } from './remedy';
import { suspendResume } from './suspend-resume';

export { Patient, type Applied, type Plan } from './remedy';

/** One file per remedy; a strategy without one does not compile. */
export const remedies: Readonly<Record<Strategy, Remedy>> = {
  cont,
  'suspend-resume': suspendResume,
  memory,
  gdb,
};
