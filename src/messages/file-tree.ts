import type { MessageRow } from './message';

/** Why a path leads to no disk (src/file-tree). */
export const fileTree = {} as const satisfies Readonly<Record<string, MessageRow>>;
