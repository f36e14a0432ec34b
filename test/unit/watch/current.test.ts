import { isCurrent, noticesAll } from '../../../src/watch/model/current';
import { readWatchState } from '../../../src/watch/model/read-state';
import type { WatchState, WrittenVm } from '../../../src/watch/model/state';
import fc from '../../support/seeded-fast-check';
import { aWatchedVm, aWatchState } from '../../support/factories';

const state = aWatchState();
const now = state.time + 5;
const interval = 600;

test.each<[string, boolean, Partial<WrittenVm>, Partial<WatchState>]>([
  ['safe at its last look', true, {}, {}],
  ['looked at twenty minutes ago', true, { time: now - 1200 }, {}],
  ['looked at longer ago', false, { time: now - 1201 }, {}],
  ['looked at after now, by a clock that was set back', false, { time: now + 1 }, {}],
  ['of a directory on another machine, a minute ago', true, { time: now - 60 }, { directories: remote() }],
  ['of a directory on another machine, longer ago', false, { time: now - 61 }, { directories: remote() }],
  ['repairable', false, { verdict: 'repairable' }, {}],
  ['undecided', false, { verdict: 'undecided' }, {}],
  ['stuck', false, { blockState: 'stuck' }, {}],
  ['of an unknown block state', false, { blockState: 'unknown' }, {}],
  ['not read', false, { pid: null }, {}],
  ['looked at again soon', false, { pending: true }, {}],
])('a VM that is %s: taken %s', (_, expected, vm, changes) => {
  expect(isCurrent(aWatchedVm(vm), aWatchState(changes), { now, interval })).toBe(expected);
});

function remote(): WatchState['directories'] {
  return { events: 3, polled: 0, rounds: 1, full: false };
}

test.each<[boolean, Partial<WatchState>]>([
  [true, {}],
  [false, { version: '1 (b)' }],
  [false, { mounts: false }],
  [false, { libvirt: false }],
  [false, { logs: false }],
])('everything is noticed: %s with %j', (expected, changes) => {
  expect(noticesAll(aWatchState(changes), '1 (a)')).toBe(expected);
});

test('what a watcher writes is read as it was written, also of a VM with a strange name', () => {
  const affected = aWatchedVm({ affected: 'no', build: 'b', hasNotes: true });
  const written = aWatchState({
    domains: { ['__proto__']: aWatchedVm({ pid: null }), constructor: affected },
  });
  expect(readWatchState(JSON.parse(JSON.stringify(written)))).toEqual(written);
  expect(Object.keys(readWatchState(written)?.domains ?? {})).toEqual(['__proto__', 'constructor']);
});

test('a state without one of its values, or with another in its place, is none', () => {
  const inside = [state, state.directories, Object.values(state.domains)[0] ?? {}];
  const needed = inside.flatMap((part, index) =>
    Object.keys(part).flatMap((key) => (['uuid'].includes(key) ? [] : [[index, key] as const])),
  );
  expect(needed.length).toBeGreaterThan(15);
  fc.assert(
    fc.property(fc.constantFrom(...needed), fc.constantFrom(undefined, [], {}), ([index, key], other) => {
      const copy = structuredClone(state);
      const parts = [copy, copy.directories, copy.domains['one-310']];
      Object.assign(parts[index] ?? {}, { [key]: other });
      const isEmpty = key === 'domains' && other !== undefined && !Array.isArray(other);
      expect(readWatchState(copy) === undefined).toBe(!isEmpty);
    }),
  );
  for (const other of [undefined, null, 7, 'x', [], {}]) expect(readWatchState(other)).toBeUndefined();
});
