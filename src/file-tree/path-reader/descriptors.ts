/** Descriptors that the child which reads paths is started with. */
export const questions = 0;
/** A file: the path that is about to be looked at, up to a byte 0. Empty as long as nothing was looked at. */
export const progress = 3;
/** The program that it becomes: Node. */
export const program = 4;
/** The host's root directory, and behind it those of the QEMUs. */
export const firstRoot = 5;
