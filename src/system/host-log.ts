import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { logEntry } from '../core/log-entry';
import { setLogSink } from './log';
import { makeRootDirectory } from './root-directory';

/**
 * Bytes. OpenNebula's user can have as much written as it likes, and logrotate looks once a day: a log that has become
 * so long takes the place of the one before it.
 */
const longestLog = 32 * 1024 * 1024;

/**
 * From now on everything goes to the log of this host, one JSON line each, with who asked for it. A log that cannot
 * be written (a full disk) keeps nobody from healing a VM.
 */
export function logToHost(asker: string, directory = '/var/log/migrate-guard'): void {
  setLogSink((message, fields) => {
    const heading = { time: new Date().toISOString(), asker, pid: process.pid, message };
    try {
      makeRootDirectory(directory);
      append(join(directory, 'host.log'), `${logEntry(heading, fields)}\n`);
    } catch {
      // What is done matters more than that it is written down.
    }
  });
}

function append(file: string, line: string): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const descriptor = openSync(file, flags, 0o640);
  try {
    writeSync(descriptor, line);
    if (fstatSync(descriptor).size >= longestLog) renameSync(file, `${file}.old`);
  } finally {
    closeSync(descriptor);
  }
}
