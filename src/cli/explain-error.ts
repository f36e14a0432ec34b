import { GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import { message, textOf } from '../messages';
import { printJsonError } from './print-reports';
import { printable, printableLines } from './escape';

/** Prints an error in two lines, what happened and what to do; with --json a document, too; with --verbose the stack. */
export function explainError(
  error: unknown,
  { json, verbose }: { readonly json: boolean; readonly verbose: boolean },
): number {
  const reported = error instanceof GuardError ? error : unexpected(error);
  const { what, remedy, exit } = reported;
  process.stderr.write(`migrate-guard: ${printable(what)}\n`);
  if (remedy !== undefined) process.stderr.write(`  -> ${printable(remedy)}\n`);
  if (json) tryToPrint({ what, remedy: remedy ?? null, exit });
  if (reported !== error && verbose && error instanceof Error) {
    process.stderr.write(`${printableLines(error.stack ?? '')}\n`);
  }
  return exit;
}

/** Where stdout cannot be written, stderr has the error. */
function tryToPrint(error: object): void {
  try {
    printJsonError(error);
  } catch (failure) {
    if (!(failure instanceof GuardError)) throw failure;
  }
}

/** For a failed system call there is a remedy even if the failure was not expected. */
function unexpected(error: unknown): GuardError {
  const otherwise = textOf('report-verbose');
  const path = error instanceof Error && 'path' in error ? String(error.path) : undefined;
  const remedy = path === undefined ? otherwise : remedyOf(error, path, { otherwise });
  const problem = error instanceof Error ? error.message : String(error);
  return new GuardError('undecided', { ...message('unexpected-error', { problem }), remedy });
}
