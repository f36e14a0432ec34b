/** Descriptors that the child which reads paths is started with. */
export const questions = 0;
/** The path that is about to be looked at goes here. */
export const progress = 3;
/** The program that it becomes: Node. */
export const program = 4;
/** The host's root directory, and behind it those of the QEMUs. */
export const firstRoot = 5;
