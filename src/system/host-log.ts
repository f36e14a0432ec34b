import { appendFileSync, constants } from 'node:fs';
import { join } from 'node:path';
import { setLogSink } from './log';
import { makeRootDirectory } from './root-directory';

const directory = '/var/log/migrate-guard';

/**
 * From now on everything goes to the log of this host, one JSON line each, with who asked for it. A log that cannot
 * be written (a full disk) keeps nobody from healing a VM.
 */
export function logToHost(asker: string): void {
  const file = join(directory, 'host.log');
  const flag = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  setLogSink((message, fields) => {
    const entry = { time: new Date().toISOString(), asker, pid: process.pid, message, ...fields };
    try {
      makeRootDirectory(directory);
      appendFileSync(file, `${JSON.stringify(entry)}\n`, { flag: flag as unknown as string, mode: 0o640 });
    } catch {
      // What is done matters more than that it is written down.
    }
  });
}
