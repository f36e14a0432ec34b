import type { MessageRow } from './message';

/** Files, programs and other hosts; remedies that many messages share (src/core, src/os). */
export const system = {
  'run-again': { text: 'run again' },
} as const satisfies Readonly<Record<string, MessageRow>>;
