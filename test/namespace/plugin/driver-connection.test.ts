import { until } from '../harness';
import { useLittleCloud } from '../installation/fake-cloud-machine';

/**
 * The driver opens the mover's connection while the agent checks. A fake ssh records the end of each connection, and
 * another one the messages of the agent; the driver starts both.
 */

const on = useLittleCloud('each');

const log = '/var/lib/one/connections';
/** Does what ssh does: it runs its command, and dies of SIGTERM. */
const connection = `trap 'exit 143' TERM; trap 'echo ended >>${log}' EXIT
echo "began $PPID" >>${log}; bash -c "$command" <&0 & wait $!`;
const connected = `until grep -q began ${log} 2>/dev/null; do sleep 0.01; done`;
const stock = 'tmp/one/vmm/kvm/migrate one-310 kvm2 kvm1 310 kvm1';
const done = { kind: 'end', exit: 0, result: 'done', what: 'moved' };
const vetoed = { kind: 'end', exit: 1, domain: 'one-310', result: 'refused', what: 'a wrong device' };
const move = [{ kind: 'move' }, 'read -r moved'];

function connections(): string[] {
  return on.cloud.lines('connections').map((line) => line.replace(/ .*/, ''));
}

async function expectEnded(): Promise<void> {
  await until(() => connections().length === 2, { what: 'the connection ends', evidence: connections });
  expect(connections()).toEqual(['began', 'ended']);
}

test('the mover runs through it, when the agent allows it', async () => {
  await on.cloud.ssh(connection);
  // The connection is open, and nothing has run through it.
  await on.cloud.hostHalf(connected, 'test ! -e /var/lib/one/ran || exit 9', ...move, done);
  expect(await on.cloud.migrate()).toEqual({ exit: 0, stdout: '', stderr: '', ran: [stock] });
  await expectEnded();
});

test('a second attempt has another connection', async () => {
  await on.cloud.ssh(connection);
  await on.cloud.hostHalf(connected, ...move, ...move, done);
  expect(await on.cloud.migrate()).toMatchObject({ exit: 0, ran: [stock, stock] });
  expect(connections()).toEqual(['began', 'ended', 'began', 'ended']);
});

test('after a refusal it ends, and nothing has run through it', async () => {
  await on.cloud.ssh(connection);
  await on.cloud.hostHalf(connected, vetoed);
  expect(await on.cloud.migrate()).toMatchObject({ exit: 1, ran: [] });
  await expectEnded();
});

test('it ends with a driver that is killed, and nothing has run through it', async () => {
  await on.cloud.ssh(connection);
  await on.cloud.hostHalf(connected, 'cat >/dev/null');
  const moving = on.cloud.migrate();
  await until(() => connections().length > 0, { what: 'the connection begins' });
  process.kill(Number(on.cloud.lines('connections')[0]?.replace('began ', '')), 'SIGKILL');
  expect(await moving).toMatchObject({ ran: [] });
  await expectEnded();
});

test('the driver does not wait for a connection that does not end', async () => {
  const [released, gone] = ['/var/lib/one/released', '/var/lib/one/gone'];
  await on.cloud.ssh(
    `trap '' TERM; echo began >>${log}; until [ -e ${released} ] || ((SECONDS > 60)); do sleep 0.01; done; : >${gone}`,
  );
  await on.cloud.hostHalf(connected, vetoed);
  expect(await on.cloud.migrate()).toMatchObject({ exit: 1, ran: [] });
  on.cloud.write(released, '');
  await until(() => on.cloud.has(gone), { what: 'the stand-in ends' });
});

test.each([
  ['lost meanwhile', 'exit 255'],
  ['that could not be made', 'echo "Connection refused" >&2; exit 255'],
])('a connection %s is replaced, without a message', async (_, end) => {
  const first = '/var/lib/one/first';
  await on.cloud.ssh(
    `if mkdir ${first} 2>/dev/null; then echo "$$" >${first}/pid; ${end}; fi\n${connection}`,
  );
  // After the driver has noticed the end of the process, its pid is unused.
  const heard = `until [ -s ${first}/pid ] && [ ! -e /proc/$(cat ${first}/pid) ]; do sleep 0.01; done`;
  await on.cloud.hostHalf(heard, ...move, done);
  expect(await on.cloud.migrate()).toEqual({ exit: 0, stdout: '', stderr: '', ran: [stock] });
  await expectEnded();
});
