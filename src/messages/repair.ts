import type { MessageRow } from './message';

/** Repair, its plan and its steps (src/disk-paths). */
export const repair = {} as const satisfies Readonly<Record<string, MessageRow>>;
