import { oneLine } from '../../core/one-line';

/**
 * The output of a hook. OpenNebula keeps it with the exit status for `onehook show` (HookLog), not in a VM's log, so
 * there are no severities: what was done goes to stdout, the reason of a failure to stderr.
 */
export function done(domain: string, what: string): string {
  return `${oneLine(`${domain}: ${what}`)}\n`;
}

/** Two lines: the reason, and the remedy. */
export function failed(domain: string, what: string, remedy: string | undefined): string {
  const reason = `migrate-guard: ${oneLine(`${domain}: ${what}`)}\n`;
  return remedy === undefined ? reason : `${reason}  -> ${oneLine(remedy)}\n`;
}
