/**
 * The orders that make QEMU open a disk again by its name. `storage-move`: `blockcopy --pivot`. `snapshot`: `--disk-only`
 * of a guest that runs. `commit`: `blockcommit` into a file below.
 */
export const orders = ['migrate', 'save', 'storage-move', 'snapshot', 'commit'] as const;
export type Order = (typeof orders)[number];

/** What is checked where nobody asks for other orders. */
export const usualOrders: readonly Order[] = ['migrate', 'save'];
