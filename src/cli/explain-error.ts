import { GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { printJsonError } from './print-reports';
import { printable, printableLines } from './escape';

/** Two lines for the admin: what happened, and what to do; with --json a document as well. The rest with --verbose. */
export function explainError(
  error: unknown,
  { json, verbose }: { readonly json: boolean; readonly verbose: boolean },
): number {
  const reported = error instanceof GuardError ? error : unexpected(error);
  const { what, remedy, exit } = reported;
  process.stderr.write(`migrate-guard: ${printable(what)}\n`);
  if (remedy !== undefined) process.stderr.write(`  -> ${printable(remedy)}\n`);
  if (json) printJsonError({ what, remedy: remedy ?? null, exit });
  if (reported !== error && verbose && error instanceof Error) {
    process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
  }
  return exit;
}

/** Of a system call that nobody expected to fail, what helps is known all the same. */
function unexpected(error: unknown): GuardError {
  const otherwise = 'run again with --verbose, and report what it prints';
  const path = error instanceof Error && 'path' in error ? String(error.path) : undefined;
  const remedy = path === undefined ? otherwise : remedyOf(error, path, { otherwise });
  return new GuardError('undecided', `an unexpected error: ${textOf(error)}`, remedy);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
