import type { Message } from '../messages';
import type { Finding } from './finding';

/** A fact that could not be read, and why. It is never taken for an answer. */
export interface Unknown {
  readonly unknown: string;
  /** `unknown` in at most 69 characters, where it is longer (src/messages/message.ts). */
  readonly short?: string;
  /** What helps, where the reason shows it. */
  readonly remedy?: string;
}

export function isUnknown(fact: object | string): fact is Unknown {
  return typeof fact === 'object' && 'unknown' in fact;
}

export function unknownOf({ what, ...rest }: Message): Unknown {
  return { unknown: what, ...rest };
}

/** The reason as a part of another message. */
export function reasonIn({ unknown, short }: Unknown): Message {
  return { what: unknown, ...(short === undefined ? {} : { short }) };
}

/** The fact as the texts of a finding. */
export function unknownFinding({
  unknown: what,
  ...rest
}: Unknown): Pick<Finding, 'state' | 'what' | 'short' | 'remedy'> {
  return { state: 'unknown', what, ...rest };
}
