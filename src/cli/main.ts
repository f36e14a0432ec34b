import { logToStderr } from '../system/log';
import { readSettings } from '../system/settings-file';
import { forgiveClosedReader } from './closed-reader';
import { parseCommandLine } from './command-line';
import { explainError } from './explain-error';
import type { Form } from './verb';

/**
 * Runs one command line to its end and gives the exit status; no error leaves it as a stack. `undefined` when it
 * is no well-formed line of one of these forms.
 */
export async function runLine(argv: readonly string[], forms: readonly Form[]): Promise<number | undefined> {
  const parsed = parseCommandLine(argv, forms);
  if (!parsed) return undefined;
  const { verb, line } = parsed;
  try {
    if (line.flag('verbose')) await logToStderr();
    return await verb.run(line, await readSettings(line.value('config')));
  } catch (error) {
    forgiveClosedReader(process.stderr);
    return explainError(error, { json: line.flag('json'), verbose: line.flag('verbose') });
  }
}
