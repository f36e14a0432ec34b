/** Descriptors of the child that resolves paths. */
export const questionsFd = 0;
/** A file with the path that the child is about to look at, up to a byte 0; empty before the first one. */
export const progressFd = 3;
/** The program that the child executes: Node. */
export const programFd = 4;
/** The host's root directory, followed by those of the QEMUs. */
export const firstRootFd = 5;
