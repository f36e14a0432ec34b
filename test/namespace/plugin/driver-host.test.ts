import { useLittleCloud } from '../installation/fake-cloud-machine';

/**
 * How the driver connects from the front-end to the host, wherever OpenNebula is installed; and its report if it
 * cannot.
 */

const on = useLittleCloud('each');
const stock = 'tmp/one/vmm/kvm/migrate one-310 kvm2 kvm1 310 kvm1';

test('the reason why a host does not answer is reported, even if it comes late', async () => {
  // The output ends, and the reason comes a moment later.
  const silent = 'exec >&-; sleep 0.3; echo "sudo: a password is required" >&2; exit 1';
  await on.cloud.program('/usr/bin/ssh', `#!/bin/bash\n${silent}\n`);
  const { exit, stderr } = await on.cloud.migrate();
  expect(exit).toBe(1);
  expect(stderr).toContain(
    'one-310: the guard cannot run: sudo: a password is required; the mover ran without the guard, and failed\n',
  );
});

test('a host that sends without end is not read any more, and nothing is moved', async () => {
  const did = JSON.stringify({ kind: 'did', action: 'check', what: 'x'.repeat(1000) });
  const moved = { kind: 'end', exit: 0, result: 'done', what: 'x' };
  await on.cloud.hostHalf(`yes '${did}' | head -n 100000`, moved);
  const { exit, stderr, ran } = await on.cloud.migrate();
  expect([exit, ran]).toEqual([2, []]);
  expect(stderr).toContain('the agent sent more than 64 MiB');
});

test('a front-end whose directory is a link to a larger disk is recognised', async () => {
  const moved = 'mkdir /var/lib/large && mv /var/lib/one /var/lib/large/ && ln -s large/one /var/lib/one';
  expect(await on.cloud.machine.root(['bash', '--norc', '-c', moved])).toMatchObject({ exit: 0 });
  await on.cloud.program(
    '/var/tmp/one/vmm/kvm/migrate',
    '#!/bin/sh\necho "${0#/var/} $*" >>/var/lib/one/ran\n',
  );
  await on.cloud.hostHalf({ kind: 'move' }, 'read -r moved', {
    kind: 'end',
    exit: 0,
    result: 'done',
    what: 'x',
  });
  expect(await on.cloud.migrate()).toEqual({ exit: 0, stdout: '', stderr: '', ran: [stock] });
});
