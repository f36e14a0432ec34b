import type { MessageRow } from './message';

/** The host where a VM goes (src/destination). */
export const destination = {} as const satisfies Readonly<Record<string, MessageRow>>;
