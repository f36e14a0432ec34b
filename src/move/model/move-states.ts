import type { ExitCode } from '../../core/exit-codes';

/** How a guarded run ends, and the exit status of each; `mover-failed` keeps the mover's own. */
export const guardResults = {
  done: 'ok',
  refused: 'problem',
  undecided: 'undecided',
  failed: 'failed',
  'mover-failed': 'problem',
  person: 'person',
} as const satisfies Readonly<Record<string, ExitCode>>;

export type GuardResult = keyof typeof guardResults;

/** The end of a run: a result; or an error that was thrown before a mover had ended, which has its own exit status. */
export type FinalState = GuardResult | 'error';

/** What a check, with its repair and reset, may end with instead of a safe domain. */
export type Unsafe = 'refused' | 'undecided' | 'failed' | 'person';

/** The outcomes of a mover. */
const afterMover = {
  moved: 'confirming',
  stalled: 'ending-early',
  cancelled: 'ending-early',
  other: 'settling',
  died: 'looking-elsewhere',
} as const;

/** After a failure the result is the mover's, unless a person is needed. */
const afterFailure = {
  'mover-failed': 'mover-failed',
  person: 'person',
  gone: 'looking-elsewhere',
  thrown: 'breaking-off',
} as const;

const notAgain = {
  refused: 'mover-failed',
  undecided: 'mover-failed',
  failed: 'mover-failed',
  person: 'person',
  gone: 'looking-elsewhere',
  thrown: 'breaking-off',
} as const;

/**
 * The states of a guarded move or save: what is done in each, and the state that follows each outcome. Two outcomes are
 * those of the loop itself (../guarded-move.ts): `gone`, when a state would end the run and QEMU here has ended meanwhile;
 * `thrown`, for a GuardError. A name that is not a key here is the end: see {@link FinalState}.
 */
export const moveStates = {
  starting: {
    does: 'libvirt must have no job of the domain',
    next: { free: 'checking', thrown: 'error' },
  },
  checking: {
    does: 'check, repair, and reset what an earlier failure left',
    next: {
      safe: 'moving',
      refused: 'refused',
      undecided: 'undecided',
      failed: 'failed',
      person: 'person',
      thrown: 'error',
    },
  },
  moving: {
    does: 'the mover runs; a standby may re-activate, a watchdog polls libvirt’s job',
    next: { ...afterMover, 'handing-over': 'healing', thrown: 'error' },
  },
  healing: {
    does: 'QEMU must have all its disks back',
    next: { healed: 'checking-again', cancelled: 'mover-failed', ...afterFailure },
  },
  'checking-again': { does: 'as checking', next: { safe: 'moving-again', ...notAgain } },
  'moving-again': {
    does: 'as moving: the one retry',
    next: {
      ...afterMover,
      'handing-over': 'healing-again',
      gone: 'looking-elsewhere',
      thrown: 'breaking-off',
    },
  },
  'healing-again': {
    does: 'as healing',
    next: { healed: 'checking-at-last', cancelled: 'mover-failed', ...afterFailure },
  },
  'checking-at-last': {
    does: 'as checking, so that the VM is left safe',
    next: { safe: 'mover-failed', ...notAgain },
  },
  confirming: {
    does: 'the mover’s success is final; a guest that is paused on the destination is reported',
    next: { done: 'done', thrown: 'done' },
  },
  settling: {
    does: 'libvirt’s job has ended, what it left in QEMU is reset, the guest is as before',
    next: afterFailure,
  },
  'ending-early': {
    does: 'as settling; and the destination must have no copy',
    next: afterFailure,
  },
  'looking-elsewhere': {
    does: 'QEMU here has ended: the domain is looked for on the destination',
    next: { arrived: 'done', saved: 'mover-failed', person: 'person', thrown: 'breaking-off' },
  },
  'breaking-off': {
    does: 'an error of ours after the mover’s end: does QEMU have its disks?',
    next: { 'mover-failed': 'mover-failed', person: 'person' },
  },
} as const satisfies Readonly<
  Record<string, { readonly does: string; readonly next: Readonly<Record<string, string>> }>
>;

export type MoveState = keyof typeof moveStates;

/** The outcomes of a state. */
export type OutcomeOf<S extends MoveState> = keyof (typeof moveStates)[S]['next'] & string;

/** The type is what proves that each name in the table is that of a state. */
type Next = Readonly<Record<string, MoveState | FinalState>>;

/** The state that follows; `undefined` for an outcome that a state does not have. */
export function nextState(state: MoveState, outcome: string): MoveState | FinalState | undefined {
  const next: Next = moveStates[state].next;
  return next[outcome];
}

export function isFinal(state: MoveState | FinalState): state is FinalState {
  return !(state in moveStates);
}
