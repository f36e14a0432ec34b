import { oneLine } from '../../core/one-line';

/**
 * What a hook prints. OpenNebula keeps it with the exit status for `onehook show` (HookLog), apart from any VM's log, so
 * there are no severities: what was done goes to stdout, why it failed to stderr.
 */
export function done(domain: string, what: string): string {
  return `${oneLine(`${domain}: ${what}`)}\n`;
}

/** Two lines: the reason, and what to do. */
export function failed(domain: string, what: string, remedy: string | undefined): string {
  const reason = `migrate-guard: ${oneLine(`${domain}: ${what}`)}\n`;
  return remedy === undefined ? reason : `${reason}  -> ${oneLine(remedy)}\n`;
}
