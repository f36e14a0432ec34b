import { failureOf } from '../../core/errors';
import { gdbScript } from '../model/gdb-clear-script';
import { objection, stuckBackends } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import { gdbCommand, hasGdb, runGdb } from '../io/gdb';
import { message, textOf } from '../../messages';
import type { Remedy } from './remedy';

/** Has gdb attach, clear the flags that were left on, and detach. */
export const gdb: Remedy = async (target, reading) => {
  const { held, settings } = target;
  const refused = objection('gdb', target.situation(reading));
  if (refused || isUnknown(reading)) return refused ?? failureOf('problem', message('memory-not-read'));
  if (!(await hasGdb())) return failureOf('problem', message('gdb-missing'));
  const { memory, known } = reading;
  const script = gdbScript(held.pid, memory, stuckBackends(memory), known);
  const file = `reset-${held.pid}.gdb`;
  const line = gdbCommand(file).map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`));
  return {
    // gdb reads no script from a pipe.
    commands: [`cat >${file} <<'END'\n${script}END`, line.join(' ')],
    apply: async () => {
      const done = await runGdb(held, script, settings.reset.gdbDeadline);
      return isUnknown(done) ? done : { what: textOf('gdb-cleared'), activatedAll: false };
    },
  };
};
