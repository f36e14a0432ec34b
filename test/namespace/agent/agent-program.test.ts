import { knock, request } from '../installation/sudo-entry';
import { useLittleCloud } from '../installation/fake-cloud-machine';

/** A host gets the ssh agent only for actions that connect to another host from there, as in OpenNebula. */

const on = useLittleCloud('each');

const done = { kind: 'end', exit: 0, result: 'done', what: 'done' };
const input = Buffer.from('<VMM_DRIVER_ACTION_DATA/>').toString('base64');

interface Connection {
  readonly forwards: string | undefined;
  readonly hasSocket: boolean;
}

/** Records each connection, and runs its command here. */
async function placeSsh(): Promise<void> {
  const log = 'echo "${SSH_AUTH_SOCK-none} $*" | head -n 1 >>/var/lib/one/connections';
  await on.cloud.program('/usr/bin/ssh', `#!/bin/bash\n${log}\nexec bash -c "\${!#}"\n`);
}

function connections(): Connection[] {
  return on.cloud.lines('connections').map((line) => ({
    forwards: /ForwardAgent=(\w+)/.exec(line)?.[1],
    hasSocket: !line.startsWith('none '),
  }));
}

/** Runs with the ssh agent of oned's service, as oned starts its drivers. */
async function driver(action: 'migrate' | 'save'): Promise<void> {
  const words = ['one-310', action === 'save' ? '/var/lib/one/file' : 'kvm2', 'kvm1', '310', 'kvm1'];
  const script = `/var/lib/one/remotes/vmm/kvm/${action}-guard`;
  const mover = '#!/bin/sh\ncat >/dev/null\n';
  await on.cloud.program(`/var/tmp/one/vmm/kvm/${action}`, mover);
  const result = await on.cloud.machine.oneadmin(
    [script, ...words],
    { SSH_AUTH_SOCK: '/var/lib/one/agent' },
    { input },
  );
  expect(result.exit).toBe(0);
}

describe.each(['with the guard', 'without Node'])('a driver, %s', (how) => {
  test.each([
    ['migrate', 'yes'],
    ['save', 'no'],
  ] as const)('%s: %s', async (action, forwards) => {
    await placeSsh();
    if (how === 'without Node') await on.cloud.hideNode();
    else await on.cloud.hostHalf({ kind: 'move' }, 'read -r moved', done);
    await driver(action);
    expect(connections()).toEqual(Array(how === 'without Node' ? 1 : 2).fill({ forwards, hasSocket: true }));
  });
});

test.each([
  [['audit', '--live']],
  [['audit', '--before-relink', '/mnt/links']],
  [['doctor', '--host', 'kvm1']],
  [['repair', '--all', '--hosts', 'all']],
  [['reset', '--all', '--hosts', 'all']],
])('root on the front-end: %j: no, and root’s own agent is not used', async (words) => {
  await placeSsh();
  const hosts = '<HOST><NAME>kvm1</NAME><STATE>2</STATE><VM_MAD>kvm</VM_MAD></HOST>';
  await on.cloud.program('/usr/bin/onehost', `#!/bin/sh\necho '<HOST_POOL>${hosts}</HOST_POOL>'\n`);
  await on.cloud.program('/usr/bin/onevm', "#!/bin/sh\necho '<VM_POOL/>'\n");
  on.cloud.write('/mnt/links', '/var/lib/one/datastores/0/310/disk.0 /dev/sp\n');
  await on.cloud.machine.root(['migrate-guard', ...words], { env: { SSH_AUTH_SOCK: '/root/agent' } });
  const all = connections();
  expect(all).toEqual(all.map(() => ({ forwards: 'no', hasSocket: false })));
  expect(all.length).toBeGreaterThan(0);
});

test('a request that connects to no other host gets no ssh agent', async () => {
  await on.cloud.program('/usr/bin/gdb', '#!/bin/sh\necho "${SSH_AUTH_SOCK-none}" >>/var/lib/one/heard\n');
  const agent = { SSH_AUTH_SOCK: '/var/lib/one/agent' };
  expect((await knock(on.cloud.machine, [request({ action: 'state' })], undefined, agent)).exit).toBe(0);
  expect(on.cloud.lines('heard')).toEqual(['none']);
});
