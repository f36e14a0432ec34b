import { oneLine } from '../../core/one-line';

/**
 * What a driver writes to stderr. OpenNebula logs each line that begins with `INFO:` or `ERROR:` to vm.log. What
 * becomes the VM's ERROR attribute differs: 6.x joins all lines with blanks; 7.x leaves those lines out and joins
 * the others with nothing in between (src/mad/ruby/CommandManager.rb, get_error_message). So the reason stands
 * twice: once for the log, and once as a plain line that ends in punctuation.
 */
const name = 'migrate-guard';

export function info(what: string): string {
  return line('INFO', what);
}

export function warning(what: string): string {
  return line('WARN', what);
}

/** A reason, and what to do about it, for the log and for the reply. */
export function failure(domain: string, what: string, remedy: string | undefined): string {
  const reason = `${domain}: ${what}`;
  const next = remedy === undefined ? '' : line('ERROR', `-> ${remedy}`);
  const advice = remedy === undefined ? '' : ` Next: ${remedy}`;
  return `${line('ERROR', reason)}${next}${sentence(`${name}: ${oneLine(sentence(reason))}${oneLine(advice)}`)}\n`;
}

function line(severity: 'INFO' | 'WARN' | 'ERROR', what: string): string {
  return `${severity}: ${name}: ${oneLine(what)}\n`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
