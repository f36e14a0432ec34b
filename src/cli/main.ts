import { setLogSink } from '../system/log';
import { readSettings } from '../system/settings-file';
import { forgiveClosedReader } from './closed-reader';
import { parseCommandLine } from './command-line';
import { explainError } from './explain-error';
import { printableJson } from './render';
import type { Form } from './verb';

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
    return explainError(error, { json: line.flag('json'), verbose: line.flag('verbose') });
  }
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
