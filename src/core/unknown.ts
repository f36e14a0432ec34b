/** Something that could not be read, and why. Never taken for an answer. */
export interface Unknown {
  readonly unknown: string;
  /** What helps, where the reason tells. */
  readonly remedy?: string;
}

export function isUnknown(fact: object | string): fact is Unknown {
  return typeof fact === 'object' && 'unknown' in fact;
}
