/** Descriptors that the child which reads paths is started with. */
export const questionsFd = 0;
/** A file: the path that is about to be looked at, up to a byte 0. Empty as long as nothing was looked at. */
export const progressFd = 3;
/** The program that it becomes: Node. */
export const programFd = 4;
/** The host's root directory, and behind it those of the QEMUs. */
export const firstRootFd = 5;
