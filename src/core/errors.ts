import { exitCodes, type ExitCode } from './exit-codes';

/** A failure that the admin can understand: what happened, and what to do next. Never shown with a stack. */
export class GuardError extends Error {
  constructor(
    readonly code: ExitCode,
    /** One sentence: what happened, to which VM, disk or path, and why. */
    readonly what: string,
    /** One sentence: what to do next. */
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
