import type { MessageRow } from './message';

/** Links that are re-pointed (src/relink). */
export const relink = {} as const satisfies Readonly<Record<string, MessageRow>>;
