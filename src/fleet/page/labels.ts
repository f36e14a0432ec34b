import type { BlockState, Verdict } from '../../core/finding';
import { verdicts } from '../../core/finding';
import type { FleetDomain } from '../model/fleet';
import { markup, type Markup } from './markup';

/** The states of a VM that the page distinguishes. */
export type VmStatus = Pick<FleetDomain, 'verdict' | 'blockState'>;

interface Sign {
  readonly letter: string;
  readonly means: string;
}

const ofVerdict: Readonly<Record<Verdict, Sign>> = {
  blocked: { letter: '×', means: 'it cannot be moved, and a repair alone does not help' },
  undecided: { letter: '?', means: 'something could not be read: treat it as blocked' },
  repairable: { letter: 'R', means: 'a migration would fail; repair heals it while it runs' },
  safe: { letter: '✓', means: 'every path leads QEMU to its disks' },
};

const ofState: Readonly<Partial<Record<BlockState, Sign>>> = {
  'half-inactive': {
    letter: 'H',
    means: "the guest's next write to one of its disks, a migration, a save or a resize of a disk kills it",
  },
  stuck: { letter: 'S', means: 'an earlier migration failed, and so will every later one, until a reset' },
  'not-resumed': {
    letter: 'P',
    means:
      'the guest is paused and waits for its resume: until then a migration, a save or a resize of a disk kills it',
  },
};

/** Block states that get a label, worst first. */
export const alarmingStates = [
  'half-inactive',
  'stuck',
  'not-resumed',
] as const satisfies readonly BlockState[];

export function isAlarming(state: BlockState): boolean {
  return ofState[state] !== undefined;
}

/** Every symbol of the page. */
export const legend: readonly (VmStatus & { readonly name: string; readonly means: string })[] = [
  ...verdicts.map((verdict) => ({
    verdict,
    blockState: 'healthy' as const,
    name: verdict,
    means: ofVerdict[verdict].means,
  })),
  ...alarmingStates.map((blockState) => ({
    verdict: 'blocked' as const,
    blockState,
    name: blockState,
    means: ofState[blockState]?.means ?? '',
  })),
];

/**
 * Shows the verdict by shape, colour and letter, unless the block state is worse; each alone is enough to recognise
 * it.
 */
export function signOf({ verdict, blockState }: VmStatus): {
  readonly letter: string;
  readonly classes: string;
} {
  const state = ofState[blockState];
  return {
    letter: (state ?? ofVerdict[verdict]).letter,
    classes: state ? `mark ${verdict} ${blockState}` : `mark ${verdict}`,
  };
}

export function sign(status: VmStatus): Markup {
  const { letter, classes } = signOf(status);
  return markup`<span class="${classes}" aria-hidden="true">${letter}</span>`;
}

export function inWords({ verdict, blockState }: VmStatus): string {
  return isAlarming(blockState) ? `${verdict}, ${blockState}` : verdict;
}

export function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`;
}
