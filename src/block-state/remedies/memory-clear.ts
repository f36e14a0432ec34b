import { flagAddress } from '../model/backend-list';
import { failureOf } from '../../core/errors';
import { mayStillWrite, objection, stuckBackends } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import { clearFlags } from '../io/process-memory';
import { message, textOf } from '../../messages';
import type { Remedy } from './remedy';

/** Clears the flags that were left on in QEMU's memory, while it runs. */
export const memory: Remedy = (target, reading) => {
  const { held } = target;
  const refused = objection('memory', target.situation(reading));
  if (refused || isUnknown(reading)) return refused ?? failureOf('problem', message('memory-not-read'));
  const { memory: before, known } = reading;
  const flags = stuckBackends(before).map((backend) => flagAddress(known.layout, backend));
  return {
    commands: flags.map((flag) => `write one byte 0 at 0x${flag.toString(16)} of /proc/${held.pid}/mem`),
    apply: () => {
      const done = clearFlags(held, known, flags, (now) => mayStillWrite(now, before));
      return Promise.resolve(
        isUnknown(done)
          ? done
          : { what: textOf('flags-cleared', { count: done.cleared }), activatedAll: false },
      );
    },
  };
};
