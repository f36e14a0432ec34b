import { mayWaitForResume, resumeOf } from '../../hypervisor/model/guest-origin';
import { blockStateCheck } from '../../block-state/model/judge';
import { message } from '../../messages';
import type { Check } from './check-type';

/**
 * For a check that asks neither QEMU nor its memory: a guest that arrived paused, and may still wait for its resume. Its
 * disks must not be moved until then.
 */
export const guestNotResumed: Check = {
  name: blockStateCheck,
  inspect: ({ domain: { name, state }, origin }) => {
    if (!mayWaitForResume(origin, state === 'running')) return [];
    return [
      { check: blockStateCheck, state: 'unknown', ...message('guest-may-wait'), remedy: resumeOf(name) },
    ];
  },
};
