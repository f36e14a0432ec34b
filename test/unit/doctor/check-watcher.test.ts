import { failureOf } from '../../../src/core/errors';
import { judgeWatched } from '../../../src/doctor/check-watcher';
import { message } from '../../../src/messages';
import { aWatchState } from '../../support/factories';

const ended = failureOf('problem', message('watcher-ended', { pid: 7 }));
const silent = failureOf('undecided', message('watcher-silent', { pid: 7, seconds: 90 }));

test.each([
  ['it runs', aWatchState(), true, 'ok', /^1 VMs are watched by process 7; repaired since its start: 2$/],
  ['it runs in the foreground', aWatchState(), false, 'ok', /^1 VMs are watched/],
  ['it was never enabled', ended, false, 'ok', /not enabled \(the default\)/],
  ['it has ended', ended, true, 'problem', /although migrate-guard-watch\.service is enabled/],
  ['it is silent', silent, false, 'unknown', /has not written anything for 90 s/],
  ['another program', aWatchState({ version: '1 (b)' }), true, 'problem', /is 1 \(b\), .* here is 1 \(a\)/],
  ['libvirt is not there', aWatchState({ libvirt: false }), true, 'problem', /which VMs run/],
  ['logs are missed', aWatchState({ logs: false }), true, 'problem', /failed hand-overs/],
  ['mounts are missed', aWatchState({ mounts: false }), true, 'problem', /changes of mounts/],
])('%s', (_, state, isEnabled, expected, what) => {
  const finding = judgeWatched(state, isEnabled, '1 (a)');
  expect([finding.state, finding.what]).toEqual([expected, expect.stringMatching(what)]);
  expect(finding.state === 'ok' || finding.remedy !== undefined).toBe(true);
});
