import { exitCodes, type ExitCode } from './exit-codes';

/**
 * Why something is not done, for an admin. It is returned where the caller may go on, and thrown, as a
 * {@link GuardError}, where nobody can. What could not be read is no failure but an `Unknown` (disk-paths/model/facts.ts).
 */
export interface Failure {
  /** The exit status that goes with it. */
  readonly code: ExitCode;
  /** One sentence: what happened, to which VM, disk or path, and why. */
  readonly what: string;
  /** One sentence: what to do next. */
  readonly remedy?: string | undefined;
}

export function failureOf(code: ExitCode, what: string, remedy?: string): Failure {
  return { code, what, ...(remedy === undefined ? {} : { remedy }) };
}

export function isFailure(value: object | string): value is Failure {
  return typeof value === 'object' && 'code' in value && 'what' in value;
}

/** A failure that is thrown. Never shown with a stack. */
export class GuardError extends Error implements Failure {
  constructor(
    readonly code: ExitCode,
    readonly what: string,
    readonly remedy?: string,
    options?: ErrorOptions,
  ) {
    super(what, options);
  }

  get exit(): number {
    return exitCodes[this.code].status;
  }
}

/** The name of a system call's error (`ENOENT`), or the text of anything else that was thrown. */
export function errorName(error: unknown): string {
  if (error instanceof GuardError) return error.what;
  if (typeof error !== 'object' || error === null) return String(error);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'message' in error ? String(error.message) : 'an error without a message';
}
