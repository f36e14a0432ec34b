import type { MessageRow } from './message';

/** Audits and roll-outs of a repair (src/fleet). */
export const fleet = {} as const satisfies Readonly<Record<string, MessageRow>>;
