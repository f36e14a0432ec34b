import type { Message } from '../messages';
import { exitCodes, type ExitCode } from './exit-codes';

/**
 * Why something is not done, for an admin. It is returned where the caller may continue, and thrown, as a
 * {@link GuardError}, where no caller can. A fact that could not be read is not a failure but an `Unknown` (unknown.ts).
 */
export interface Failure {
  /** The exit status that goes with it. */
  readonly code: ExitCode;
  /** One sentence: what happened, to which VM, disk or path, and why. */
  readonly what: string;
  /** `what` in at most 69 characters, where it is longer (src/messages/message.ts). */
  readonly short?: string | undefined;
  /** One sentence: what to do next. */
  readonly remedy?: string | undefined;
}

export function failureOf(code: ExitCode, what: string | Message): Failure {
  return typeof what === 'object' ? { code, ...what } : { code, what };
}

/** The texts of a failure. */
export type Reason = Omit<Failure, 'code'>;

/** The same as a message: as a part of another one, or for another exit status. */
export function messageOf({ what, short, remedy }: Reason): Message {
  return {
    what,
    ...(short === undefined ? {} : { short }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

export function isFailure(value: object | string): value is Failure {
  return typeof value === 'object' && 'code' in value && 'what' in value;
}

/** A failure that is thrown. It is never printed with a stack. */
export class GuardError extends Error implements Failure {
  readonly what: string;
  readonly short?: string | undefined;
  readonly remedy?: string | undefined;

  constructor(
    readonly code: ExitCode,
    what: string | Message,
    remedy?: string,
    options?: ErrorOptions,
  ) {
    const message = typeof what === 'object' ? what : { what, remedy };
    super(message.what, options);
    ({ what: this.what, short: this.short, remedy: this.remedy } = { short: undefined, ...message });
  }

  get exit(): number {
    return exitCodes[this.code].status;
  }
}
