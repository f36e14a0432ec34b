import { defaultSettings } from '../config/settings';
import { logToStderr } from '../os/log';
import { readSettings } from '../config/read';
import { explainError } from './explain-error';
import { print } from './stdout';
import { parse } from './parse-args';
import type { CommandLine, Command } from './command';

/**
 * Runs one command line and returns the exit status; errors are printed without a stack. `runAgent`: the verb that sudo
 * starts for OpenNebula's user.
 */
export async function runLine(
  argv: readonly string[],
  verbs: readonly Command[],
  runAgent: () => Promise<number>,
): Promise<number> {
  let line: CommandLine | undefined;
  try {
    // Without yargs, which is not loaded for the agent.
    if (argv.length === 1 && argv[0] === 'host') return await runAgent();
    const parsed = await parse(argv, verbs);
    if ('answer' in parsed) {
      print(`${parsed.answer}\n`);
      return 0;
    }
    const { verb } = parsed;
    line = parsed.line;
    if (line.flag('verbose')) await logToStderr();
    return await verb.run(line, verb.isBare ? defaultSettings : await readSettings(line.value('config')));
  } catch (error) {
    return explainError(error, {
      json: line?.flag('json') ?? false,
      verbose: line?.flag('verbose') ?? false,
    });
  }
}
