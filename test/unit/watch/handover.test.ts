import { blockStateCheck, resetOf } from '../../../src/block-state/model/judge';
import type { DomainReport } from '../../../src/core/finding';
import { defaultSettings } from '../../../src/config/settings';
import { resumeOf } from '../../../src/hypervisor/model/guest-origin';
import { mayGiveBack, watcherStrategies, withReason } from '../../../src/watch/model/handover';
import { isNews, remedyIn, watchedVm } from '../../../src/watch/model/state';

function seen(blockState: DomainReport['blockState'], remedy = resetOf('one-1')): DomainReport {
  const state = blockState === 'healthy' ? 'ok' : blockState === 'unknown' ? 'unknown' : 'problem';
  const findings = [{ check: blockStateCheck, state, what: 'seen', remedy }] as const;
  return { domain: 'one-1', pid: 1, verdict: 'blocked', blockState, findings, plan: [] };
}

test.each([
  ['stuck', true],
  ['half-inactive', true],
  ['unknown', true],
  ['not-resumed', false],
  ['healthy', false],
] as const)('a QEMU whose disks are %s is given them back: %s', (blockState, expected) => {
  expect(mayGiveBack(seen(blockState), idle, defaultSettings)).toBe(expected);
});

const idle = {};

test('nothing is done for a guest that may wait for its resume, while libvirt works on it, or where it only reports', () => {
  expect(mayGiveBack(seen('unknown', resumeOf('one-1')), idle, defaultSettings)).toBe(false);
  expect(mayGiveBack(seen('stuck'), { job: 'migration out' }, defaultSettings)).toBe(false);
  const watch = { ...defaultSettings.watch, repair: false };
  expect(mayGiveBack(seen('stuck'), idle, { watch })).toBe(false);
});

test('only the remedies that stop nothing, in the order of the configuration', () => {
  expect(watcherStrategies(['gdb', 'memory', 'suspend-resume', 'cont'])).toEqual(['memory', 'cont']);
  expect(watcherStrategies(['suspend-resume'])).toEqual([]);
});

test('why the disks were not given back comes first, with its remedy, and is news', () => {
  const report = seen('unknown');
  const because = withReason(report, { what: 'a copy may have them', remedy: 'ask there' });
  expect(watchedVm(because, undefined, 1)).toMatchObject({
    verdict: 'undecided',
    reason: 'a copy may have them',
  });
  expect(remedyIn(because)).toBe('ask there');
  expect(isNews(watchedVm(because, undefined, 2), watchedVm(report, undefined, 1))).toBe(true);
  expect(watchedVm(withReason(seen('stuck'), { what: 'no' }), undefined, 1).verdict).toBe('blocked');
});
