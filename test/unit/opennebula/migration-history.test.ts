import fc from '../../support/seeded-fast-check';
import { isFailure } from '../../../src/core/errors';
import { failedMigration, migrationUnderWay } from '../../../src/opennebula/model/migration-history';
import type { HistoryRecord, VmEvent } from '../../../src/opennebula/model/vm-event';
import { readVmEvent } from '../../../src/opennebula/read-vm';
import { History, releases, vmXml, type VmXmlOptions } from '../../support/vm-xml';

const before = 1709629999;
const time = 1709630042;

function eventOf(options: VmXmlOptions): VmEvent {
  const event = readVmEvent(Buffer.from(vmXml(options)).toString('base64'));
  if (isFailure(event)) throw new Error(event.what);
  return event;
}

describe.each(releases)('events of OpenNebula %s', (release) => {
  test('a migration under way names its source and its destination', () => {
    const { records: history } = new History().begin('kvm2', time);
    const event = eventOf({ release, lcmState: 4, prevLcmState: 3, history });
    expect(migrationUnderWay(event)).toEqual({ source: 'kvm1', destination: 'kvm2' });
  });

  test('a failed live migration is told from a journey there and back', () => {
    const failed = new History().begin('kvm2', before).revert(time);
    expect(failedMigration(eventOf({ release, history: failed.records }))).toEqual({
      source: 'kvm1',
      destination: 'kvm2',
      seq: 2,
      isSecond: false,
    });
    const journey = new History().begin('kvm2', before).succeed(time).begin('kvm1', time).succeed(time);
    expect(failedMigration(eventOf({ release, history: journey.records }))).toMatchObject({
      what: expect.stringMatching(/history shows no/) as string,
    });
  });
});

test('what onevm show prints tells nothing of what was before, and the history alone decides', () => {
  const { records: history } = new History().begin('kvm2', before).revert(time);
  expect(failedMigration(eventOf({ prevLcmState: 3, history }))).toMatchObject({ destination: 'kvm2' });
});

test('a VM whose migration failed earlier comes back to RUNNING for other reasons, too', () => {
  const { records: history } = new History().begin('kvm2', before).revert(time);
  const [saveSuspend, hotplug, snapshot, backup] = [6, 17, 24, 69];
  for (const prevLcmState of [saveSuspend, hotplug, snapshot, backup]) {
    expect(failedMigration(eventOf({ prevLcmState, history }))).toMatchObject({
      what: expect.stringMatching(/did not come from a live migration/) as string,
    });
  }
  const resumed = eventOf({ prevState: 5, prevLcmState: 0, history });
  expect(failedMigration(resumed)).toMatchObject({
    what: expect.stringMatching(/did not come from/) as string,
  });
});

test.each([1, 48, 49])('a failed cold migration (action %i) is none of ours', (action) => {
  const { records: history } = new History().begin('kvm2', before, action).revert(time);
  expect(failedMigration(eventOf({ prevLcmState: 7, history }))).toMatchObject({
    what: expect.stringMatching(/did not come from/) as string,
  });
  expect(failedMigration(eventOf({ history }))).toMatchObject({
    what: expect.stringMatching(/history shows no/) as string,
  });
});

test('the second failure in a row to the same host is known', () => {
  const once = new History().begin('kvm2', before).revert(time);
  const twice = (host: string): HistoryRecord[] => {
    const history = new History().begin('kvm2', before).revert(time);
    return history.begin(host, time + 5).revert(time + 9).records;
  };
  expect(failedMigration(eventOf({ history: once.records }))).toMatchObject({ isSecond: false });
  expect(failedMigration(eventOf({ history: twice('kvm2') }))).toMatchObject({ seq: 4, isSecond: true });
  expect(failedMigration(eventOf({ history: twice('kvm3') }))).toMatchObject({ isSecond: false });
});

test('a success or another stay in between ends the row', () => {
  const there = new History()
    .begin('kvm2', before)
    .revert(time)
    .begin('kvm2', time + 5)
    .succeed(time + 9);
  const back = there
    .begin('kvm1', time + 20)
    .succeed(time + 25)
    .begin('kvm2', time + 30)
    .revert(time + 39);
  expect(failedMigration(eventOf({ history: back.records }))).toMatchObject({ seq: 6, isSecond: false });
  const suspended = new History()
    .begin('kvm2', before)
    .revert(time)
    .stopAndStart(10, time + 5);
  const again = suspended.begin('kvm2', time + 30).revert(time + 39);
  expect(failedMigration(eventOf({ history: again.records }))).toMatchObject({ isSecond: false });
});

test('whatever a VM went through, only a reverted live migration at the end counts', () => {
  const host = fc.constantFrom('kvm1', 'kvm2', 'kvm3');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('journey' as const), host }),
    fc.record({ kind: fc.constant('failure' as const), host }),
    fc.record({ kind: fc.constant('cold' as const), host, action: fc.constantFrom(1, 48, 49) }),
    fc.record({ kind: fc.constant('stop' as const), action: fc.constantFrom(5, 9, 10, 19, 20) }),
  );
  const wait = fc.integer({ min: 0, max: 2 });
  fc.assert(
    fc.property(fc.array(fc.tuple(step, wait, wait), { minLength: 1, maxLength: 8 }), (steps) => {
      const history = new History();
      let now = time;
      let failed = false;
      for (const [{ kind, ...what }, first, second] of steps) {
        const at = history.records.at(-1)?.hostname;
        now += first;
        const end = now + second;
        const to = 'host' in what ? what.host : '';
        failed = kind === 'failure' && to !== at;
        if (kind === 'journey') history.begin(to, now).succeed(end);
        if (kind === 'failure') history.begin(to, now).revert(end);
        if (kind === 'cold') history.begin(to, now, 'action' in what ? what.action : 1).revert(end);
        if (kind === 'stop') history.stopAndStart('action' in what ? what.action : 5, now);
        now = end;
      }
      const judged = failedMigration(eventOf({ history: history.records }));
      expect(!isFailure(judged)).toBe(failed);
    }),
  );
});

test('records that are no history at all never count', () => {
  const number = fc.oneof(fc.integer({ min: -1, max: 3 }), fc.constantFrom(time, Number.NaN));
  const keys = { seq: number, hid: number, stime: number, etime: number, rstime: number, action: number };
  const record = fc.record({ ...keys, hostname: fc.constantFrom('kvm1', 'kvm2', '') });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), (history) => {
      const judged = failedMigration(eventOf({ history }));
      if (isFailure(judged)) return;
      const [source, failed, now] = history
        .slice()
        .sort((one, other) => one.seq - other.seq)
        .slice(-3);
      expect(source?.action).toBe(2);
      expect(now?.hid).toBe(source?.hid);
      expect(failed?.hid).not.toBe(source?.hid);
      expect([source?.etime, failed?.etime]).toEqual([now?.stime, now?.stime]);
    }),
  );
});

test.each([
  ['', 'it is empty'],
  ['hello', 'neither XML nor XML in Base64'],
  ['<VM><ID>310</ID>', 'neither XML nor XML in Base64'],
  ['<HOST><ID>1</ID></HOST>', 'no VM of OpenNebula'],
  ['<VM><ID>../310</ID></VM>', 'no <ID>'],
])('%j is no event', (given, why) => {
  expect(readVmEvent(given)).toMatchObject({ code: 'usage', what: expect.stringContaining(why) as string });
});

test('a whole hook message is read as well', () => {
  const { records: history } = new History().begin('kvm2', before).revert(time);
  const message = `<HOOK_MESSAGE><HOOK_TYPE>STATE</HOOK_TYPE>${vmXml({ history })}</HOOK_MESSAGE>`;
  expect(readVmEvent(message)).toMatchObject({ vmId: '310', lcmState: 3 });
});
