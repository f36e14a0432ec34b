import { cut, oneLine } from '../core/one-line';
import { startUnattended } from './child-process';

/** syslog daemons accept 1 to 8 KiB (RFC 5424, section 6.1). */
const maxMessageChars = 900;
/** For a syslog daemon that does not read. */
const deadlineSeconds = 10;

/** Sends one line to the syslog of this machine, if it has one. */
export function toSyslog(severity: 'notice' | 'warning', message: string): void {
  const line = cut(oneLine(message), maxMessageChars);
  startUnattended(deadlineSeconds, ['logger', '-t', 'migrate-guard', '-p', `daemon.${severity}`, '--', line]);
}
