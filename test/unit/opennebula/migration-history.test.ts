import fc from '../../support/seeded-fast-check';
import { isFailure } from '../../../src/core/errors';
import {
  failedMigration,
  failedMove,
  failedSaveNow,
  migrationUnderWay,
} from '../../../src/opennebula/model/migration-history';
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
  test('a migration in progress has its source and its destination', () => {
    const { records: history } = new History().begin('kvm2', time);
    const event = eventOf({ release, lcmState: 4, prevLcmState: 3, history });
    expect(migrationUnderWay(event)).toEqual({ source: 'kvm1', destination: 'kvm2' });
  });

  test('a failed live migration is distinguished from one there and one back', () => {
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

  test.each([
    ['suspend', 10, 6],
    ['stop', 9, 5],
  ])('a failed %s leaves only the previous state', (_, action, prevLcmState) => {
    const { records: history } = new History().save(action).failSave();
    const event = eventOf({ release, prevLcmState, history });
    expect(failedMove(event)).toEqual({ source: 'kvm1', seq: 0 });
    expect(failedMigration(event)).toMatchObject({ what: 'a save has failed last, not a live migration' });
    // The form of `onevm show`.
    expect(failedMove(eventOf({ release, prevLcmState: 3, history }))).toMatchObject({
      what: expect.stringMatching(/history shows no/) as string,
    });
  });

  test.each(['kvm2', 'kvm1'])(
    'a failed cold migration to %s is a save, and the destination has nothing',
    (host) => {
      const { records: history } = new History().begin(host, before, 1).revert(time);
      for (const prevLcmState of [7, 3]) {
        const event = eventOf({ release, prevLcmState, history });
        expect(failedMove(event)).toEqual({ source: 'kvm1', seq: 2 });
        expect(failedMigration(event)).toHaveProperty('what');
      }
    },
  );
});

test('the output of onevm show has no previous state, so only the history decides', () => {
  const { records: history } = new History().begin('kvm2', before).revert(time);
  expect(failedMigration(eventOf({ prevLcmState: 3, history }))).toMatchObject({ destination: 'kvm2' });
});

test('a VM whose migration failed earlier comes back to RUNNING for other reasons, too', () => {
  const { records: history } = new History().begin('kvm2', before).revert(time);
  const [hotplug, snapshot, backup, shutdown, undeploy] = [17, 24, 69, 12, 29];
  for (const prevLcmState of [hotplug, snapshot, backup, shutdown, undeploy]) {
    expect(failedMove(eventOf({ prevLcmState, history }))).toMatchObject({
      what: expect.stringMatching(/did not come from a live migration or a save/) as string,
    });
  }
  const resumed = eventOf({ prevState: 5, prevLcmState: 0, history });
  expect(failedMove(resumed)).toMatchObject({
    what: expect.stringMatching(/did not come from/) as string,
  });
});

test('a save that failed after a live migration has failed is not that migration', () => {
  const history = new History().begin('kvm2', before).revert(time).save(10).failSave();
  const event = eventOf({ prevLcmState: 6, history: history.records });
  expect(failedMove(event)).toEqual({ source: 'kvm1', seq: 2 });
  const cold = history.begin('kvm3', time + 5, 1).revert(time + 9).records;
  expect(failedMove(eventOf({ prevLcmState: 7, history: cold }))).toEqual({ source: 'kvm1', seq: 4 });
});

test.each([48, 49])('a cold migration (action %i) whose shutdown failed is ignored', (action) => {
  const { records: history } = new History().begin('kvm2', before, action).revert(time);
  for (const prevLcmState of [7, 3]) {
    expect(failedMove(eventOf({ prevLcmState, history }))).toMatchObject({
      what: expect.stringMatching(/history shows no/) as string,
    });
  }
});

test('a failed save does not count any more after the VM has moved, or has a new history record', () => {
  const save = { source: 'kvm1', seq: 0 };
  const here = new History().records;
  expect(failedSaveNow(eventOf({ prevLcmState: 3, history: here }), save)).toEqual(save);
  const again = eventOf({ lcmState: 6, prevLcmState: 6, history: new History().save(10).records });
  expect(failedSaveNow(again, save)).toHaveProperty('what');
  const resumed = new History().stopAndStart(10, time).records;
  expect(failedSaveNow(eventOf({ prevLcmState: 3, history: resumed }), save)).toMatchObject({
    what: 'its history has a newer record',
  });
  const ended = eventOf({ prevLcmState: 6, history: here.map((record) => ({ ...record, etime: time })) });
  expect([failedMove(ended), failedSaveNow(ended, save)]).toMatchObject([
    { what: 'it has left the source since' },
    { what: 'it has left the source since' },
  ]);
  expect(failedMove(eventOf({ prevLcmState: 6, history: [] }))).toHaveProperty('what');
});

test('the second consecutive failure to the same host is recognised', () => {
  const once = new History().begin('kvm2', before).revert(time);
  const twice = (host: string): HistoryRecord[] => {
    const history = new History().begin('kvm2', before).revert(time);
    return history.begin(host, time + 5).revert(time + 9).records;
  };
  expect(failedMigration(eventOf({ history: once.records }))).toMatchObject({ isSecond: false });
  expect(failedMigration(eventOf({ history: twice('kvm2') }))).toMatchObject({ seq: 4, isSecond: true });
  expect(failedMigration(eventOf({ history: twice('kvm3') }))).toMatchObject({ isSecond: false });
});

test('a success or another record in between ends the sequence', () => {
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

test('whatever happened to a VM, only a revert at the end counts', () => {
  const host = fc.constantFrom('kvm1', 'kvm2', 'kvm3');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('journey' as const), host }),
    fc.record({ kind: fc.constant('failure' as const), host }),
    fc.record({ kind: fc.constant('cold' as const), host, action: fc.constantFrom(1, 48, 49) }),
    fc.record({ kind: fc.constant('save' as const), action: fc.constantFrom(9, 10) }),
    fc.record({ kind: fc.constant('stop' as const), action: fc.constantFrom(5, 9, 10, 19, 20) }),
  );
  const wait = fc.integer({ min: 0, max: 2 });
  fc.assert(
    fc.property(fc.array(fc.tuple(step, wait, wait), { minLength: 1, maxLength: 8 }), (steps) => {
      const history = new History();
      let now = time;
      let failed: 'migration' | 'save' | undefined;
      for (const [{ kind, ...what }, first, second] of steps) {
        const at = history.records.at(-1)?.hostname;
        now += first;
        const end = now + second;
        const to = 'host' in what ? what.host : '';
        const action = 'action' in what ? what.action : 1;
        if (kind !== 'save') failed = undefined;
        if (kind === 'failure' && to !== at) failed = 'migration';
        if (kind === 'cold' && action === 1) failed = 'save';
        if (kind === 'journey') history.begin(to, now).succeed(end);
        if (kind === 'failure') history.begin(to, now).revert(end);
        if (kind === 'cold') history.begin(to, now, action).revert(end);
        // The current history contains no trace of it.
        if (kind === 'save') history.save(action).failSave();
        if (kind === 'stop') history.stopAndStart(action, now);
        now = end;
      }
      const judged = failedMove(eventOf({ prevLcmState: 3, history: history.records }));
      const found = isFailure(judged) ? undefined : judged.destination === undefined ? 'save' : 'migration';
      expect(found).toBe(failed);
    }),
  );
});

test('invalid records never count', () => {
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
  ['<HOST><ID>1</ID></HOST>', 'not a VM of OpenNebula'],
  ['<VM><ID>../310</ID></VM>', 'no <ID>'],
])('%j is not an event', (given, why) => {
  expect(readVmEvent(given)).toMatchObject({ code: 'usage', what: expect.stringContaining(why) as string });
});

test('a complete hook message is read as well', () => {
  const { records: history } = new History().begin('kvm2', before).revert(time);
  const message = `<HOOK_MESSAGE><HOOK_TYPE>STATE</HOOK_TYPE>${vmXml({ history })}</HOOK_MESSAGE>`;
  expect(readVmEvent(message)).toMatchObject({ vmId: '310', lcmState: 3 });
});
