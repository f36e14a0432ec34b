import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger, LoggerOptions } from 'winston';
import { logEntry } from '../core/log-entry';
import { printableJson } from '../core/printable-json';
import { appending, withFile } from './open-file';
import { makeRootDirectory } from './root-directory';

type Fields = Readonly<Record<string, unknown>>;

/** Where winston keeps the text of a line (triple-beam). */
const MESSAGE = Symbol.for('message');
const directoryOfHost = '/var/log/migrate-guard';
let logger: Logger | undefined;

/** Logs one entry; it is lost until {@link logToStderr} or {@link logToHost} was called. */
export function log(message: string, fields: Fields): void {
  try {
    logger?.log({ level: 'info', message, fields });
  } catch {
    // A log that fails must not stop the work.
  }
}

/** From now on entries go to stderr, one line of JSON each. */
export async function logToStderr(): Promise<void> {
  const { default: winston } = await import('winston');
  const stderr = new winston.transports.Console({ stderrLevels: ['info'] });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
  await start(stderr, ({ message, fields }) =>
    printableJson(JSON.stringify({ ...fields, level: 'info', message, timestamp: new Date().toISOString() })),
  );
}

/**
 * From now on entries go to the log of this host, one line of JSON each, with the user who asked. A log that cannot be
 * written (a full disk) stops no repair of a VM. Not winston's own transport for files: that loses a line before
 * `kill -9`, writes nothing more after a disk was full, and throws where its directory cannot be made (3.19.0, measured).
 */
export async function logToHost(asker: string, directory = directoryOfHost): Promise<void> {
  const { default: Transport } = await import('winston-transport');
  const file = new Transport({
    log: (line: Readonly<Record<symbol, string>>, next) => {
      append(directory, `${line[MESSAGE] ?? ''}\n`);
      next();
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
  await start(file, ({ message, fields }) =>
    logEntry({ time: new Date().toISOString(), asker, pid: process.pid, message }, fields),
  );
}

async function start(
  transports: NonNullable<LoggerOptions['transports']>,
  textOf: (entry: { readonly message: unknown; readonly fields: Fields }) => string,
): Promise<void> {
  const { createLogger, format } = (await import('winston')).default;
  const text = format.printf(({ message, fields }) => textOf({ message, fields: fields as Fields }));
  logger = createLogger({ format: text, transports });
  // An `error` event without a listener would end this process.
  logger.on('error', () => undefined);
}

/** Opens the file for each line: logrotate may have renamed it, and a written line is kept even if this process is killed. */
function append(directory: string, line: string): void {
  try {
    makeRootDirectory(directory);
    withFile(join(directory, 'host.log'), appending, (descriptor) => writeSync(descriptor, line), 0o640);
  } catch {
    // As in `log`; if it threw, `next` would not be called, and winston would queue all further lines.
  }
}
