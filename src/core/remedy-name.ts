/** The remedies, the least invasive first. */
export const strategies = ['cont', 'suspend-resume', 'memory', 'gdb'] as const;

export type Strategy = (typeof strategies)[number];
