import { GuardError } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import { setLogSink } from '../system/log';
import { readSettings } from '../system/settings-file';
import { parseCommandLine } from './command-line';
import { printable } from './render';
import { answerUsage } from './usage';

/** Runs one command line to its end and gives the exit status; no error leaves it as a stack. */
export async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(argv);
  if (!parsed) return answerUsage(argv);
  const { verb, line } = parsed;
  try {
    if (line.flag('verbose')) await logToStderr();
    return await verb.run(line, await readSettings(line.value('config')));
  } catch (error) {
    return explainError(error, line.flag('verbose'));
  }
}

/** Two lines for the admin: what happened, and what to do. The rest only with --verbose. */
function explainError(error: unknown, verbose: boolean): number {
  if (error instanceof GuardError) {
    process.stderr.write(`migrate-guard: ${printable(error.what)}\n`);
    if (error.remedy !== undefined) process.stderr.write(`  -> ${printable(error.remedy)}\n`);
    return error.exit;
  }
  const what = error instanceof Error ? error.message : String(error);
  process.stderr.write(`migrate-guard: an unexpected error: ${printable(what)}\n`);
  process.stderr.write('  -> run again with --verbose, and report what it prints\n');
  if (verbose && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return exitCodes.undecided.status;
}

async function logToStderr(): Promise<void> {
  const { default: winston } = await import('winston');
  const { combine, timestamp, json } = winston.format;
  const stderr = new winston.transports.Console({ stderrLevels: ['info'] });
  const logger = winston.createLogger({
    format: combine(timestamp(), json()), // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
    transports: [stderr],
  });
  setLogSink((message, fields) => logger.info(message, fields));
}
