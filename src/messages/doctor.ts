import type { MessageRow } from './message';

/** Whether all is in place (src/doctor). */
export const doctor = {} as const satisfies Readonly<Record<string, MessageRow>>;
