/** The exit status of every verb; printed by --help and part of the public contract. */
export const exitCodes = {
  ok: { status: 0, meaning: 'done, or healthy' },
  problem: { status: 1, meaning: 'a problem was found, or the request was refused' },
  undecided: { status: 2, meaning: 'could not decide' },
  failed: { status: 3, meaning: 'repair or reset failed; the VM is as it was' },
  person: { status: 4, meaning: 'a person is needed now' },
  busy: { status: 5, meaning: 'someone else is working on this VM' },
  usage: { status: 64, meaning: 'the command line is wrong' },
  notPermitted: { status: 77, meaning: 'not permitted' },
} as const;

export type ExitCode = keyof typeof exitCodes;

/** What may become of VMs, worst first: one status tells of them all. */
export const worstFirst = [
  'person',
  'failed',
  'problem',
  'undecided',
  'busy',
] as const satisfies readonly ExitCode[];
