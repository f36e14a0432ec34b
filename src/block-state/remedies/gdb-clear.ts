import { failureOf } from '../../core/errors';
import { gdbScript } from '../model/gdb-clear-script';
import { objection, stuckBackends } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import { gdbCommand, hasGdb, runGdb } from '../io/gdb';
import type { Remedy } from './remedy';

/** gdb attaches, clears the flags that were left on, and detaches. */
export const gdb: Remedy = async (patient, reading) => {
  const { held, settings } = patient;
  const refused = objection('gdb', patient.situation(reading));
  if (refused || isUnknown(reading)) return refused ?? failureOf('problem', 'memory was not read');
  if (!(await hasGdb())) return failureOf('problem', 'gdb is not installed');
  const { memory, known } = reading;
  const script = gdbScript(held.pid, memory, stuckBackends(memory), known);
  const file = `reset-${held.pid}.gdb`;
  const line = gdbCommand(file).map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`));
  return {
    // gdb reads no script from a pipe.
    commands: [`cat >${file} <<'END'\n${script}END`, line.join(' ')],
    apply: async () => {
      const done = await runGdb(held, script, settings.reset.gdbDeadline);
      return isUnknown(done) ? done : { what: 'gdb cleared the flags and detached', activatedAll: false };
    },
  };
};
