import type { Reason } from '../../core/errors';
import { oneLine } from '../../core/one-line';
import { harmless } from './template-value';

/**
 * What a driver writes to stderr. For an action that fails, OpenNebula logs each line in vm.log, with the severity of
 * `INFO:` and `ERROR:` (src/mad/ruby/DriverExecHelper.rb, log); for an action of `-l` or a TM script that succeeds it
 * logs none (CommandManager.rb, run), or since 7.0 those with a severity, in oned.log. The VM's ERROR attribute is
 * cut after 100 characters: 6.x joins all lines with blanks (get_error_message), 7.x leaves those with a severity out
 * and joins the others with nothing in between (get_info_from_execution). So the reason is written twice: first as a
 * short plain line that ends in punctuation, then whole, for the log.
 */
const name = 'migrate-guard';

/** Characters of the plain line after our name, a full stop counted: `MIGRATE: migrate-guard: ` precedes them. */
export const maxReasonChars = 69;
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

export function info(what: string): string {
  return line('INFO', what);
}

export function warning(what: string): string {
  return line('WARN', what);
}

/** Writes a reason, for the VM's ERROR and for the log; `done`: lines about what was done before. */
export function failure(domain: string, reason: Reason, done: readonly string[] = []): string {
  const { what, remedy } = reason;
  const next = remedy === undefined ? '' : line('ERROR', `-> ${remedy}`);
  return `${plainLine(reason)}${done.join('')}${line('ERROR', `${domain}: ${what}`)}${next}`;
}

/**
 * Writes the same lines for the log of the VM with this number: OpenNebula 7 sends those there whatever the exit
 * status is (get_info_from_execution). A line without a severity, such as the mover's, counts as information.
 */
export function aboutVm(stderr: string, vmId: string): string {
  if (!/^[0-9]{1,10}$/.test(vmId)) return stderr;
  const lines = stderr.split('\n').filter((one) => one.trim() !== '');
  return lines
    .map((one) => {
      const [, severity = 'INFO', text = one] = /^(ERROR|INFO|WARN|DEBUG):\s*(.*)$/.exec(one) ?? [];
      return `${severity}: ${vmId} ${text.trim()}\n`;
    })
    .join('');
}

/** An agent of an earlier release gives no short form, and may name a domain by its UUID. */
function plainLine({ what, short = what.replace(uuid, 'the VM') }: Reason): string {
  return `${name}: ${sentence(harmless(short, maxReasonChars - 1))}\n`;
}

function line(severity: 'INFO' | 'WARN' | 'ERROR', what: string): string {
  return `${severity}: ${name}: ${oneLine(what)}\n`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
