import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  guardResults,
  isFinal,
  moveStates,
  nextState,
  type FinalState,
  type MoveState,
} from '../../../src/move/model/move-states';

const states = Object.keys(moveStates) as MoveState[];
const results = [...Object.keys(guardResults), 'error'] as FinalState[];
const outcomes = (state: MoveState): [outcome: string, next: MoveState | FinalState][] =>
  Object.entries(moveStates[state].next);

interface Step {
  readonly state: MoveState;
  readonly outcome: string;
  readonly next: MoveState | FinalState;
}

/** Every session that a guarded run may take. A cycle in the table would make it endless, so it is an error here. */
function courses(state: MoveState = 'starting', before: readonly Step[] = []): Step[][] {
  if (before.some((step) => step.state === state)) throw new Error(`${state} follows itself`);
  return outcomes(state).flatMap(([outcome, next]) => {
    const steps = [...before, { state, outcome, next }];
    return isFinal(next) ? [steps] : courses(next, steps);
  });
}

const all = courses();
const words = (session: readonly Step[]): string[] =>
  session.map(({ state, outcome }) => `${state}: ${outcome}`);
const endOf = (session: readonly Step[]): string => session.at(-1)?.next ?? '';
const movers: readonly string[] = ['moving', 'moving-again'];
const failures = ['stalled', 'cancelled', 'other', 'died', 'handing-over'];
const failed = all.filter((session) =>
  session.some(({ state, outcome }) => movers.includes(state) && failures.includes(outcome)),
);

test('every state and every result is reached', () => {
  const reached = new Set(all.flat().flatMap(({ state, next }) => [state, next]));
  expect([...reached].sort()).toEqual([...states, ...results].sort());
});

test.each(states)('%s: each outcome has an existing state or result', (state) => {
  for (const [outcome, next] of outcomes(state)) {
    expect(nextState(state, outcome)).toBe(next);
    expect(isFinal(next) ? results : states).toContain(next);
  }
  // An internal error leaves every state but the one to which it leads.
  expect('thrown' in moveStates[state].next).toBe(state !== 'breaking-off');
});

test('an outcome that a state does not have leads nowhere', () =>
  expect(nextState('confirming', 'healed')).toBeUndefined());

test('rule 2: no retry before QEMU has its disks back and every path is safe again', () => {
  for (const session of all.filter((steps) => steps.some(({ next }) => next === 'moving-again'))) {
    const before = words(session).slice(
      0,
      words(session).findIndex((word) => word.startsWith('moving-again')),
    );
    expect(before.slice(-3)).toEqual(['moving: handing-over', 'healing: healed', 'checking-again: safe']);
  }
});

test('rule 9: nothing after the mover’s success is a failure', () => {
  const moved = all.filter((session) => session.some(({ outcome }) => outcome === 'moved'));
  expect(moved.length).toBeGreaterThan(0);
  for (const session of moved) expect(endOf(session)).toBe('done');
});

test('rule 9: a mover that failed for another reason is never retried, and no refusal hides its failure', () => {
  for (const session of failed) {
    const { outcome } = session.find(({ state }) => movers.includes(state)) as Step;
    if (outcome !== 'handing-over') expect(session.map(({ state }) => state)).not.toContain('moving-again');
    expect(['mover-failed', 'person', 'done']).toContain(endOf(session));
  }
});

test('rule 10: one retry at most', () => {
  const runs = all.map((session) => session.filter(({ state }) => movers.includes(state)).length);
  expect(Math.max(...runs)).toBe(2);
});

test('rule 14: the mover starts only for a domain that a check has found safe', () => {
  const before = all.flat().filter(({ next }) => movers.includes(next));
  expect([...new Set(words(before))].sort()).toEqual(['checking-again: safe', 'checking: safe']);
});

test('rule 15: after a mover’s failure the VM counts as moved only if it was found on the destination', () => {
  const done = failed.filter((session) => endOf(session) === 'done');
  const lasts = done.map((session) => words(session).at(-1));
  // In the other sessions the second attempt succeeded.
  expect([...new Set(lasts)].sort()).toEqual(
    ['confirming: done', 'confirming: thrown', 'looking-elsewhere: arrived'].sort(),
  );
  for (const session of all.filter((steps) => words(steps).includes('looking-elsewhere: arrived')))
    expect(words(session).some((word) => / (died|gone)$/.test(word))).toBe(true);
});

test('docs/architecture.md contains this table', () => {
  const rows = states.map((state) => [
    `\`${state}\``,
    moveStates[state].does,
    outcomes(state)
      .map(([outcome, next]) => `${outcome} → ${isFinal(next) ? `**${next}**` : `\`${next}\``}`)
      .join(', '),
  ]);
  const page = readFileSync(join(__dirname, '../../../docs/architecture.md'), 'utf8');
  const [, shown = ''] = /<!-- table of move-states -->\n\n([^]*?)\n\n/.exec(page) ?? [];
  const cells = shown.split('\n').map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [, , ...reported] = cells;
  expect(reported).toEqual(rows);
});
