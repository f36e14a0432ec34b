import { readFileSync } from 'node:fs';
import { History, vmXml } from '../../support/vm-xml';
import { useLittleCloud } from '../installation/fake-cloud-machine';
import { oneadmin } from '../installation/machine-tree';
import { hasEnded, TerminalOf } from './terminal-of';
import { expectNothingStolen, expectUnmoved, notes, thief } from './thief';

/**
 * A program that runs as OpenNebula's user while root waits for it at a terminal gets nothing that belongs to root.
 */

const on = useLittleCloud('each');
const hook = '/var/lib/one/remotes/hooks/migrate-guard/pre-migrate';

beforeEach(() => on.cloud.machine.root(['install', '-d', '-m', '1777', notes]));

const hosts = '<HOST_POOL><HOST><NAME>kvm1</NAME><STATE>2</STATE><VM_MAD>kvm</VM_MAD></HOST></HOST_POOL>';
const vms =
  '<VM_POOL><VM><ID>310</ID><NAME>web</NAME><STATE>3</STATE><LCM_STATE>3</LCM_STATE><HISTORY_RECORDS><HISTORY><HOSTNAME>kvm1</HOSTNAME><VM_MAD>kvm</VM_MAD></HISTORY></HISTORY_RECORDS></VM></VM_POOL>';

/** The replaced programs are OpenNebula's commands and the hook; not ssh. */
async function placeThieves(isHook: boolean): Promise<void> {
  for (const path of ['/usr/bin/onehost', '/usr/bin/onevm', '/usr/bin/onehook', hook])
    await on.cloud.program(path, thief);
  const history = new History().begin('kvm2', 1_700_000_000).records;
  on.cloud.write(`${notes}/onehost`, hosts);
  on.cloud.write(`${notes}/onevm`, isHook ? vmXml({ lcmState: 4, prevLcmState: 3, history }) : vms);
}

test.each([
  ['audit', ['audit'], ['onehost', 'onevm']],
  ['audit, with its log', ['audit', '--verbose'], ['onehost', 'onevm']],
  ['audit of the hosts', ['audit', '--live'], ['onehost', 'onevm', 'ssh']],
  ['audit before a relink', ['audit', '--before-relink', '/mnt/links'], ['onehost', 'onevm', 'ssh']],
  ['doctor', ['doctor'], ['onehook', 'onehost', 'ssh']],
  ['doctor of one host', ['doctor', '--host', 'kvm1'], ['ssh']],
  ['repair of the fleet', ['repair', '--all', '--hosts', 'all'], ['onehost', 'onevm', 'ssh']],
  ['reset of the fleet', ['reset', '--all', '--hosts', 'all'], ['onehost', 'onevm', 'ssh']],
  ['hook test', ['hook', 'test', 'pre-migrate', '--vm', '310'], ['onevm', 'pre-migrate']],
])('%s', async (_, words, names) => {
  await placeThieves(words[0] === 'hook');
  await on.cloud.program('/usr/bin/ssh', thief);
  on.cloud.write('/mnt/links', '/var/lib/one/datastores/0/310/disk.0 /dev/sp\n');
  const { shown } = await TerminalOf.root(on.cloud.machine.enter, ['migrate-guard', ...words]).ended;
  expectNothingStolen((path) => on.cloud.machine.path(path), oneadmin, names);
  expectUnmoved(shown);
});

test.each([
  ['a query for the VMs of a host', ['audit', '--live']],
  ['a query for the state of a host', ['doctor', '--host', 'kvm1']],
])('Ctrl-C ends the connection, with all that it started: %s', async (_, words) => {
  await placeThieves(false);
  // This ssh ignores its input, and its background process ignores Ctrl-C.
  await on.cloud.program('/usr/bin/ssh', `#!/bin/sh\nsleep 600 & echo $$ $! >${notes}/pids\nwait\n`);
  const terminal = TerminalOf.root(on.cloud.machine.enter, ['migrate-guard', ...words]);
  const pids = await terminal.hasWritten(on.cloud.machine.path(`${notes}/pids`));
  terminal.press('\u0003');
  expect(await terminal.ended).toMatchObject({ exit: 130 });
  for (const pid of pids.slice(0, 2)) await hasEnded(Number(pid));
});

test('a deadline ends the connection, with all that it started', async () => {
  on.cloud.configure('ssh:\n  deadline: 1\n');
  const ssh = `trap '' TERM; sleep 600 & echo $$ $! >${notes}/pids; wait`;
  await on.cloud.program('/usr/bin/ssh', `#!/bin/sh\n${ssh}\n`);
  const { exit, stdout } = await on.cloud.machine.root(['migrate-guard', 'doctor', '--host', 'kvm1']);
  expect({ exit, stdout }).toEqual({
    exit: 2,
    stdout: expect.stringContaining('no answer within 2 s') as string,
  });
  const pids = readFileSync(on.cloud.machine.path(`${notes}/pids`), 'utf8')
    .trim()
    .split(' ');
  for (const pid of pids) await hasEnded(Number(pid));
});

test('an invalid host name of OpenNebula is shown, not interpreted', async () => {
  await on.cloud.program('/usr/bin/onehook', "#!/bin/sh\necho '<HOOK_POOL/>'\n");
  const name = hosts.replace('kvm1', 'kvm\u009b1');
  await on.cloud.program('/usr/bin/onehost', `#!/bin/sh\necho '${name}'\n`);
  const { shown } = await TerminalOf.root(on.cloud.machine.enter, ['migrate-guard', 'doctor']).ended;
  expectUnmoved(shown);
  expect(shown).toContain('kvm\\x9b1:\r\n');
});
