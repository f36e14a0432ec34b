import type { MessageRow } from './message';

/** The state of QEMU’s disks, and its remedies (src/block-state). */
export const blockState = {} as const satisfies Readonly<Record<string, MessageRow>>;
