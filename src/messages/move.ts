import type { MessageRow } from './message';

/** Migrations and saves under guard (src/move). */
export const move = {} as const satisfies Readonly<Record<string, MessageRow>>;
