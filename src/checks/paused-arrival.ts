import { mayWait, mayWaitForResume, resumeOf } from '../core/paused-arrival';
import { blockStateCheck } from '../core/block-state';
import type { Check } from './check';

/**
 * For who asks neither QEMU nor its memory: a guest that arrived paused, and may still wait for its resume. Its disks are
 * not to be moved until then.
 */
export const arrival: Check = {
  name: blockStateCheck,
  inspect: ({ domain: { name, state }, arrival }) => {
    if (!mayWaitForResume(arrival, state === 'running')) return [];
    return [{ check: blockStateCheck, state: 'unknown', what: mayWait, remedy: resumeOf(name) }];
  },
};
