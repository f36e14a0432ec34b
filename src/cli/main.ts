import { GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { setLogSink } from '../system/log';
import { readSettings } from '../system/settings-file';
import { forgiveClosedReader } from './closed-reader';
import { parseCommandLine } from './command-line';
import { printJsonError } from './print';
import { printable, printableJson, printableLines } from './render';
import type { CommandLine, Form } from './verb';

/** Where winston keeps the text of a line (triple-beam). */
const MESSAGE = Symbol.for('message');

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
    return explainError(error, line);
  }
}

/** Two lines for the admin: what happened, and what to do; with --json a document as well. The rest with --verbose. */
function explainError(error: unknown, line: CommandLine): number {
  const told = error instanceof GuardError ? error : unexpected(error);
  const { what, remedy, exit } = told;
  process.stderr.write(`migrate-guard: ${printable(what)}\n`);
  if (remedy !== undefined) process.stderr.write(`  -> ${printable(remedy)}\n`);
  if (line.flag('json')) printJsonError({ what, remedy: remedy ?? null, exit });
  if (told !== error && line.flag('verbose') && error instanceof Error) {
    process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
  }
  return exit;
}

/** Of a system call that nobody expected to fail, what helps is known all the same. */
function unexpected(error: unknown): GuardError {
  const otherwise = 'run again with --verbose, and report what it prints';
  const path = error instanceof Error && 'path' in error ? String(error.path) : undefined;
  const remedy = path === undefined ? otherwise : remedyOf(error, path, { otherwise });
  return new GuardError('undecided', `an unexpected error: ${textOf(error)}`, remedy);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function logToStderr(): Promise<void> {
  forgiveClosedReader(process.stderr);
  const { default: winston } = await import('winston');
  const { combine, timestamp, json } = winston.format;
  const escaped = winston.format((info) => ({ ...info, [MESSAGE]: printableJson(String(info[MESSAGE])) }));
  const stderr = new winston.transports.Console({ stderrLevels: ['info'] });
  const logger = winston.createLogger({
    format: combine(timestamp(), json(), escaped()), // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
    transports: [stderr],
  });
  setLogSink((message, fields) => logger.info(message, fields));
}
