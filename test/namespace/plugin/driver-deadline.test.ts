import { FuseMount, Servant, statusXml } from '../harness';
import { useLittleCloud } from '../installation/fake-cloud-machine';

/** How long OpenNebula's scripts wait for the agent's findings, before they proceed without it. */

let slow: FuseMount | undefined;
let qemu: Servant | undefined;
// They must end before the machine that contains them.
afterEach(async () => {
  await slow?.end();
  await qemu?.end();
  [slow, qemu] = [undefined, undefined];
});
const on = useLittleCloud('each');

const stock = 'tmp/one/vmm/kvm/migrate one-310 kvm2 kvm1 310 kvm1';
const words = ['kvm1', 'kvm2', '/var/lib/one//datastores/0/310', '310', '0'];
const uuid = '0f0f0f0f-0000-4000-8000-000000000310';

describe('a disk on storage that hangs', () => {
  beforeEach(async () => {
    const { machine } = on.cloud;
    expect(await machine.root(['mkdir', '/mnt/slow'])).toMatchObject({ exit: 0 });
    slow = await FuseMount.mount(machine.pid, '/mnt/slow');
    qemu = await Servant.start('guest', ['-name', 'guest=one-310', '-uuid', uuid], machine.pid);
    await qemu.tell('hold', '/mnt/slow/disk.0', 'rw');
    await qemu.tell('become', 9869, 9869);
    const disks = [{ path: '/mnt/slow/disk.0', type: 'file' }] as const;
    const status = statusXml({ name: 'one-310', uuid, pid: qemu.pid, disks });
    machine.write('/run/libvirt/qemu/one-310.xml', status);
    await slow.set('no-lookup');
  });

  test('the driver ends: the VM is not moved, and the message names the storage', async () => {
    // The second run shows that the first one did not leave the VM locked.
    for (const run of ['first', 'second']) {
      const { exit, ran, stderr } = await on.cloud.migrate();
      expect({ run, exit, ran }).toEqual({ run, exit: 2, ran: [] });
      expect(stderr).toMatch(/\/mnt\/slow(?![/\w])/);
    }
  });

  test('a datastore driver’s script ends, too', async () => {
    const { exit, stderr } = await on.cloud.tm('premigrate', ...words);
    expect(exit).toBe(2);
    expect(stderr).toMatch(/\/mnt\/slow(?![/\w])/);
  });
});

describe('an agent that sends nothing after its hello', () => {
  const deadline = 'host: { deadline: 1 }\n';
  const refuse = 'policy: { when_guard_fails: refuse }\n';
  const why = /the guard cannot run: .*within 1 s/;

  beforeEach(() => on.cloud.hostHalf('cat >/dev/null'));

  test('the mover runs without it, or not, as the site has configured', async () => {
    on.cloud.configure(deadline);
    const moved = await on.cloud.migrate();
    expect(moved).toMatchObject({ exit: 0, ran: [stock] });
    expect(moved.stderr).toMatch(why);
    on.cloud.configure(deadline + refuse);
    const refused = await on.cloud.migrate();
    expect(refused).toMatchObject({ exit: 2, ran: [] });
    expect(refused.stderr).toMatch(why);
  });

  test.each(['premigrate', 'failmigrate'] as const)('%s continues without it, or not', async (name) => {
    on.cloud.configure(deadline);
    const asked = await on.cloud.tm(name, ...words);
    expect(asked.exit).toBe(0);
    expect(asked.stderr).toMatch(why);
    on.cloud.configure(deadline + refuse);
    const vetoed = await on.cloud.tm(name, ...words);
    expect(vetoed.exit).toBe(2);
    expect(vetoed.stderr).toMatch(why);
  });
});

test.each(['migrate', 'premigrate'] as const)(
  'the mover does not run while a guard has started a change: %s',
  async (action) => {
    on.cloud.configure('host: { deadline: 1 }\n');
    await on.cloud.hostHalf({ kind: 'begins' }, 'cat >/dev/null');
    const { exit, ran, stderr } =
      action === 'migrate' ? await on.cloud.migrate() : await on.cloud.tm(action, ...words);
    expect({ exit, ran }).toEqual({ exit: 2, ran: [] });
    expect(stderr).toMatch(/the guard started its work, and then its connection was lost: .*within 1 s/);
  },
);

test('after the mover may run, no deadline applies to it and to what follows', async () => {
  on.cloud.configure('host: { deadline: 1 }\n');
  const done = { kind: 'end', exit: 0, result: 'done', what: 'moved' };
  await on.cloud.hostHalf({ kind: 'move' }, 'read -r moved', 'sleep 1.5', done);
  expect(await on.cloud.migrate()).toEqual({ exit: 0, stdout: '', stderr: '', ran: [stock] });
});
