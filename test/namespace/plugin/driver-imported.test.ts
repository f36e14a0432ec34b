import { theirs } from '../installation/sudo-entry';
import { useLittleCloud } from '../installation/fake-cloud-machine';

/** A domain that OpenNebula imported: the agent does nothing for it, but that must not prevent its migration. */

const on = useLittleCloud('all');

beforeEach(async () => {
  on.cloud.configure('{}\n');
  // A recorded refusal would make failmigrate skip its work.
  await on.cloud.shell('rm -rf /var/lib/one/migrate-guard');
});

const refuse = 'policy: { when_guard_fails: refuse }\n';

test.each([
  ['its UUID', theirs.uuid, `${theirs.name} is not a VM that OpenNebula deployed`],
  ['its name', theirs.name, 'is not a deploy id of OpenNebula'],
])(
  'known by %s: the mover runs without the guard, or not, as the site has configured',
  async (_, deployId, why) => {
    const moved = await on.cloud.migrate(deployId);
    expect(moved).toMatchObject({
      exit: 0,
      ran: [`tmp/one/vmm/kvm/migrate ${deployId} kvm2 kvm1 310 kvm1`],
    });
    expect(moved.stderr).toMatch(
      /^WARN: 310 migrate-guard: .*the guard cannot run: .*; it was moved without the guard$/m,
    );
    expect(moved.stderr).toContain(why);
    on.cloud.configure(refuse);
    const refused = await on.cloud.migrate(deployId);
    expect(refused).toMatchObject({ exit: 2, ran: [] });
    expect(refused.stderr).toContain(why);
  },
);

test('a move to another datastore of its host is not guarded either; and one of a VM that is off needs no guard', async () => {
  const script = (deployId: string) =>
    on.cloud.script('vmm/kvm/migrate-guard', [deployId, 'kvm1', 'kvm1', '310', 'kvm1'], '');
  const moved = await script(theirs.uuid);
  expect(moved).toMatchObject({
    exit: 0,
    ran: [`tmp/one/vmm/kvm/migrate ${theirs.uuid} kvm1 kvm1 310 kvm1`],
  });
  expect(moved.stderr).toContain('the guard cannot run: ');
  on.cloud.configure(refuse);
  expect(await script(theirs.uuid)).toMatchObject({ exit: 2, ran: [] });
  const off = await script('one-999');
  expect(off).toMatchObject({ exit: 0, ran: ['tmp/one/vmm/kvm/migrate one-999 kvm1 kvm1 310 kvm1'] });
  expect(off.stderr).not.toContain('migrate-guard: ');
});

test('the same for a save', async () => {
  const words = [theirs.uuid, '/var/lib/one/checkpoint', 'kvm1', '310', 'kvm1'];
  await on.cloud.program(
    '/var/tmp/one/vmm/kvm/save',
    '#!/bin/sh\ncat >/dev/null; echo saved >>/var/lib/one/ran\n',
  );
  expect(await on.cloud.script('vmm/kvm/save-guard', words, '')).toMatchObject({ exit: 0, ran: ['saved'] });
});

// A datastore driver's script gets only the number: there is no domain of that number, or one whose own name is the
// number.
describe.each([
  ['310', 'no domain 310 runs on this host'],
  ['4', '4 is not a VM that OpenNebula deployed'],
])('a VM of the number %s', (vmId, why) => {
  const uuid = '0f0f0f0f-0000-4000-8000-00000000abce';
  beforeAll(() => on.cloud.runs({ name: '4', uuid }));

  test.each(['premigrate', 'failmigrate'] as const)(
    '%s allows the move, or not, as the site has configured',
    async (name) => {
      const words = ['kvm1', 'kvm2', `/var/lib/one//datastores/0/${vmId}`, vmId, '0'];
      const asked = await on.cloud.tm(name, ...words);
      expect(asked.exit).toBe(0);
      expect(asked.stderr).toMatch(/^WARN: \d+ migrate-guard: VM .*: the guard cannot run: /);
      expect(asked.stderr).toContain(why);
      on.cloud.configure(refuse);
      const vetoed = await on.cloud.tm(name, ...words);
      expect(vetoed.exit).toBe(2);
      expect(vetoed.stderr).toContain(why);
      // The VM moves to another datastore of its host: a failure leaves nothing in QEMU that could be healed.
      const stays = await on.cloud.tm(name, 'kvm1', 'kvm1', ...words.slice(2));
      if (name === 'failmigrate') expect(stays).toMatchObject({ exit: 0, stderr: '' });
      else expect(stays).toMatchObject({ exit: 2, stderr: expect.stringContaining(why) as string });
    },
  );

  test('a hook cannot run for it, or has nothing to do', async () => {
    const { exit, stdout, stderr } = await on.cloud.hook('pre-migrate', vmId);
    if (vmId === '4')
      expect([exit, stderr]).toEqual([2, expect.stringContaining(`the hook cannot run: ${why}`)]);
    else expect([exit, stdout]).toEqual([0, expect.stringContaining('nothing to do')]);
  });
});
