import { History } from '../../support/vm-xml';
import { useLittleCloud } from '../installation/fake-cloud-machine';

/** The host on which the hook looks for a copy of the VM: its last destination, however old the event is. */

const on = useLittleCloud('each');

const moment = 1_700_000_000;
const toKvm2 = (): History => new History().begin('kvm2', moment).revert(moment + 9);
const event = { id: 310, history: toKvm2().records };

beforeEach(async () => {
  on.cloud.configure('hooks: { retry: true }\n');
  const noted = 'echo "$request" >>/var/lib/one/requests';
  await on.cloud.hostHalf(noted, { kind: 'end', exit: 0, result: 'done', what: 'it can migrate' });
});

function requests(): unknown[] {
  return on.cloud.lines('requests').map((line) => JSON.parse(line) as unknown);
}

/** The requests to OpenNebula, without updates of the VM's template. */
function orders(): string[] {
  return on.cloud.lines('asked').filter((line) => !line.startsWith('update '));
}

test('the event is current: its destination, and a retry', async () => {
  await on.cloud.onevm(event);
  expect(await on.cloud.hookOf('post-failure', event)).toMatchObject({ exit: 0, stderr: '' });
  expect(requests()).toMatchObject([{ action: 'heal', domain: '310', destination: 'kvm2' }]);
  expect(orders()).toEqual(['migrate --live 310 kvm2']);
});

test('another live migration has failed since: its destination; and no retry of the old one', async () => {
  const since = toKvm2()
    .begin('kvm3', moment + 60)
    .revert(moment + 69);
  await on.cloud.onevm({ id: 310, history: since.records });
  const { exit, stdout } = await on.cloud.hookOf('post-failure', event);
  expect(requests()).toMatchObject([{ action: 'heal', domain: '310', destination: 'kvm3' }]);
  expect([exit, stdout]).toEqual([0, expect.stringContaining('not tried again: the VM has changed since')]);
  expect(orders()).toEqual([]);
});

test.each([
  [
    'has arrived elsewhere since',
    {
      history: toKvm2()
        .begin('kvm3', moment + 60)
        .succeed(moment + 69).records,
    },
  ],
  ['is migrating again', { lcmState: 4, history: toKvm2().begin('kvm3', moment + 60).records }],
  ['was switched off', { state: 8, lcmState: 0, history: toKvm2().records }],
])('it %s: nothing to do, and no host is queried', async (_, now) => {
  await on.cloud.onevm({ id: 310, ...now });
  const { exit, stdout } = await on.cloud.hookOf('post-failure', event);
  expect([exit, stdout]).toEqual([0, expect.stringContaining('nothing to do: the VM has changed since: ')]);
  expect(requests()).toEqual([]);
});

test('OpenNebula does not answer: an error message, and nothing is guessed', async () => {
  await on.cloud.onevm('it does not answer');
  const { exit, stderr } = await on.cloud.hookOf('post-failure', event);
  expect([exit, stderr]).toEqual([
    2,
    expect.stringContaining(
      'where the VM went last cannot be determined: onevm show -x 310: it does not answer',
    ),
  ]);
  expect(requests()).toEqual([]);
});

test('for an unrelated event nothing is queried', async () => {
  await on.cloud.onevm('it does not answer');
  const deployed = { id: 310, prevLcmState: 2, history: new History().records };
  expect(await on.cloud.hookOf('post-failure', deployed)).toMatchObject({ exit: 0, stderr: '' });
});

describe('a save that failed', () => {
  const saved = { id: 310, prevLcmState: 6, history: new History().save(10).failSave().records };
  const cold = {
    id: 310,
    prevLcmState: 7,
    history: new History().begin('kvm2', moment, 1).revert(moment + 9).records,
  };

  test('a suspend, a cold migration: only the source is queried, and there is no retry', async () => {
    for (const failed of [saved, cold]) {
      await on.cloud.onevm(failed);
      const { exit, stdout, stderr } = await on.cloud.hookOf('post-failure', failed);
      expect([exit, stdout, stderr]).toEqual([0, 'one-310: it can migrate\n', '']);
    }
    expect(requests()).toMatchObject(Array(2).fill({ action: 'heal', domain: '310' }));
    for (const request of requests()) expect(request).not.toHaveProperty('destination');
    expect(orders()).toEqual([]);
  });

  test('the VM has changed since: nothing to do, and no host is queried', async () => {
    const savedAgain = { lcmState: 6, history: new History().save(10).records };
    const resumed = { history: new History().stopAndStart(10, moment).records };
    const migrationFailed = { history: toKvm2().records };
    for (const now of [savedAgain, resumed, migrationFailed]) {
      await on.cloud.onevm({ id: 310, ...now });
      const { exit, stdout } = await on.cloud.hookOf('post-failure', saved);
      expect([exit, stdout]).toEqual([
        0,
        expect.stringContaining('nothing to do: the VM has changed since: '),
      ]);
    }
    expect(requests()).toEqual([]);
  });
});
