import type { MessageRow } from './message';

/** The agent, and the connection to it (src/agent, src/agent-protocol). */
export const agent = {} as const satisfies Readonly<Record<string, MessageRow>>;
