import { defaultSettings } from '../config/settings';
import { logToStderr } from '../os/log';
import { readSettings } from '../config/read';
import { explainError } from './explain-error';
import { parse } from './parse-args';
import type { CommandLine, Command } from './command';

/**
 * Runs one command line to its end and gives the exit status; no error leaves it as a stack. `runAgent`: what sudo starts
 * for OpenNebula's user.
 */
export async function runLine(
  argv: readonly string[],
  verbs: readonly Command[],
  runAgent: () => Promise<number>,
): Promise<number> {
  let line: CommandLine | undefined;
  try {
    // There is no command line to read, and nothing that reads one is loaded.
    if (argv.length === 1 && argv[0] === 'host') return await runAgent();
    const parsed = await parse(argv, verbs);
    if ('answer' in parsed) {
      process.stdout.write(`${parsed.answer}\n`);
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
