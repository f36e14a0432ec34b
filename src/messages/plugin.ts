import type { MessageRow } from './message';

/** Drivers, TM scripts, hooks and the probe (src/plugin, src/opennebula). */
export const plugin = {} as const satisfies Readonly<Record<string, MessageRow>>;
