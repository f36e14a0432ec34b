import { mayWait, mayWaitForResume, resumeOf } from '../../hypervisor/model/guest-origin';
import { blockStateCheck } from '../../block-state/model/judge';
import type { Check } from './check-type';

/**
 * For who asks neither QEMU nor its memory: a guest that arrived paused, and may still wait for its resume. Its disks are
 * not to be moved until then.
 */
export const guestOrigin: Check = {
  name: blockStateCheck,
  inspect: ({ domain: { name, state }, origin }) => {
    if (!mayWaitForResume(origin, state === 'running')) return [];
    return [{ check: blockStateCheck, state: 'unknown', what: mayWait, remedy: resumeOf(name) }];
  },
};
