/** The exit statuses of all commands; printed by --help and part of the public contract. */
export const exitCodes = {
  ok: { status: 0, meaning: 'done, or healthy' },
  problem: { status: 1, meaning: 'a problem was found, or the request was refused' },
  undecided: { status: 2, meaning: 'could not decide' },
  failed: { status: 3, meaning: 'repair or reset failed; the VM is as it was' },
  person: { status: 4, meaning: 'an operator is needed now' },
  busy: { status: 5, meaning: 'locked by another migrate-guard' },
  usage: { status: 64, meaning: 'the command line is wrong' },
  notPermitted: { status: 77, meaning: 'not permitted' },
} as const;

export type ExitCode = keyof typeof exitCodes;

/** Worst first: of several VMs, the worst gives the exit status. */
export const worstFirst = [
  'person',
  'failed',
  'problem',
  'undecided',
  'busy',
] as const satisfies readonly ExitCode[];
