import { cut, oneLine } from '../core/one-line';
import { startUnattended } from './child-process';

/** Characters; syslog daemons take 1 to 8 KiB (RFC 5424, section 6.1). */
const maxMessageChars = 900;
/** Seconds for a syslog that does not listen. */
const deadlineSeconds = 10;

/** One line for the syslog of this machine; where it has none, nobody hears it. */
export function toSyslog(severity: 'notice' | 'warning', message: string): void {
  const line = cut(oneLine(message), maxMessageChars);
  startUnattended(deadlineSeconds, ['logger', '-t', 'migrate-guard', '-p', `daemon.${severity}`, '--', line]);
}
