import { statSync } from 'node:fs';
import { isUnknown } from '../../../src/core/unknown';
import { entriesNotRun } from '../../../src/opennebula/record-file';
import { History } from '../../support/vm-xml';
import { done, move, recordDirectory, repaired, stock, useDriverRecord, vetoed } from './use-driver-record';

/**
 * oned drops the output of a successful driver: so the front-end's record, syslog and the VM's USER_TEMPLATE contain
 * what was done for a VM. Agents, movers, onevm and logger are fakes; everything between them is real.
 */

const { on, migrate, entries, syslog, appended } = useDriverRecord();

test('a healthy move is recorded, and the VM is not updated', async () => {
  await on.cloud.hostHalf(...move, done);
  expect(await migrate()).toMatchObject({ exit: 0, stderr: '', ran: [stock] });
  const said = {
    did: [],
    warnings: [],
    errors: [],
    mover: [],
    exit: 0,
    result: 'done',
    guard: 'ran',
    why: null,
    mode: null,
  };
  expect(entries()).toEqual([
    {
      ...{ vmId: 310, domain: 'one-310', action: 'migrate', source: 'kvm1', destination: 'kvm2', ...said },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
    },
  ]);
  const { mode, uid } = statSync(on.cloud.machine.path(recordDirectory));
  expect([(mode & 0o777).toString(8), uid]).toEqual([
    '750',
    statSync(on.cloud.machine.path('/var/lib/one/remotes')).uid,
  ]);
  expect(await syslog()).toEqual([
    '-t migrate-guard -p daemon.notice -- VM 310: migrate, kvm1 to kvm2: done',
  ]);
  expect(on.cloud.lines('asked')).toEqual([]);
});

test('but a VM that shows an older action is updated', async () => {
  await on.cloud.hostHalf(...move, done);
  await migrate({ MIGRATE_GUARD_LAST: 'something else' });
  expect(await appended()).toMatch(
    /^MIGRATE_GUARD_LAST="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ migrate, kvm1 to kvm2: done"\n$/,
  );
});

test('the action is shown, as a value that OpenNebula can read', async () => {
  await on.cloud.hostHalf(repaired, ...move, { ...done, exit: 2, what: 'the guest stands still' });
  expect(await migrate()).toMatchObject({ exit: 0 });
  expect(entries()).toMatchObject([
    { guard: 'ran', result: 'done', did: ['repair: /dev/"sp" made'], warnings: ['the guest stands still'] },
  ]);
  expect(await syslog()).toEqual([
    '-t migrate-guard -p daemon.warning -- VM 310: migrate, kvm1 to kvm2: done: the guest stands still: repair: /dev/"sp" made',
  ]);
  expect(await appended()).toMatch(/done: the guest stands still: repair: \/dev\/'sp' made"\n$/);
});

test('the mover’s output is kept, also after a success, and logged for its VM', async () => {
  await on.cloud.program(
    '/var/tmp/one/vmm/kvm/migrate',
    '#!/bin/sh\ncat >/dev/null; printf "rsync time 0.5s\\n\\nERROR: 2 lines\\n" >&2\n',
  );
  await on.cloud.hostHalf(repaired, ...move, done);
  expect((await migrate()).stderr).toBe(
    'INFO: 310 rsync time 0.5s\nERROR: 310 2 lines\nINFO: 310 migrate-guard: repair: /dev/"sp" made\n',
  );
  await on.cloud.hostHalf(...move, done);
  await migrate();
  const mover = ['rsync time 0.5s', 'ERROR: 2 lines'];
  expect(entries()).toMatchObject([
    { result: 'done', did: [], mover },
    { result: 'done', did: ['repair: /dev/"sp" made'], mover },
  ]);
  // The mover's output is not part of the line.
  expect((await syslog(2))[1]).toBe(
    '-t migrate-guard -p daemon.notice -- VM 310: migrate, kvm1 to kvm2: done',
  );
});

test('after a failure its output comes first, unchanged', async () => {
  await on.cloud.program(
    '/var/tmp/one/vmm/kvm/migrate',
    '#!/bin/sh\ncat >/dev/null; echo "CPU mismatch" >&2; exit 7\n',
  );
  await on.cloud.hostHalf(...move, { ...done, exit: 7, what: 'the mover failed' });
  const failed =
    'CPU mismatch\nmigrate-guard: the mover failed.\nERROR: migrate-guard: one-310: the mover failed\n';
  expect(await migrate()).toMatchObject({ exit: 7, stderr: failed });
  expect(entries()).toMatchObject([{ result: 'failed', mover: ['CPU mismatch'] }]);
});

test('a site that disables updates of the USER_TEMPLATE', async () => {
  on.cloud.configure('opennebula: { user_template: no }\n');
  await on.cloud.hostHalf(repaired, ...move, done);
  await migrate({ MIGRATE_GUARD_LAST: 'something else' });
  await syslog();
  expect(on.cloud.has(`${recordDirectory}/310.template`)).toBe(false);
});

test('a refusal, and then a mover that fails', async () => {
  await on.cloud.hostHalf(vetoed);
  expect(await migrate()).toMatchObject({ exit: 1, ran: [] });
  await on.cloud.program('/var/tmp/one/vmm/kvm/migrate', '#!/bin/sh\ncat >/dev/null; exit 7\n');
  await on.cloud.hostHalf(...move, { ...done, exit: 7, what: 'the mover failed' });
  expect(await migrate()).toMatchObject({ exit: 7 });
  expect(entries()).toMatchObject([
    { result: 'failed', exit: 7, errors: ['the mover failed'] },
    { result: 'refused', exit: 1, errors: ['vda leads elsewhere -> correct it'] },
  ]);
});

test('a guard that cannot run is counted, with the reason', async () => {
  await on.cloud.program(
    '/usr/lib/migrate-guard/migrate-guard',
    '#!/bin/sh\necho "no sudo for you" >&2; exit 1\n',
  );
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  const entry = {
    guard: 'could-not-run',
    result: 'done',
    why: expect.stringContaining('no sudo for you') as string,
  };
  expect(entries()).toMatchObject([entry]);
  expect(entriesNotRun(on.cloud.machine.path(recordDirectory))).toMatchObject([
    { ...entry, vmId: 310, source: 'kvm1' },
  ]);
  expect((await syslog())[0]).toMatch(
    /-p daemon.warning -- VM 310: .*the guard cannot run: .*; it was moved without the guard/,
  );
  expect(await appended()).toContain('the guard cannot run');
});

test('also by the shell script, where Node is missing', async () => {
  await on.cloud.hideNode();
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  const why = 'Node 20 or later is not installed on the host that runs this script';
  expect(entriesNotRun(on.cloud.machine.path(recordDirectory))).toMatchObject([
    {
      vmId: 310,
      domain: 'one-310',
      action: 'migrate',
      source: 'kvm1',
      destination: 'kvm2',
      why,
      result: null,
    },
  ]);
  expect(await syslog()).toEqual([
    `-t migrate-guard -p daemon.warning -- VM 310: migrate, on kvm1: the guard cannot run: ${why}`,
  ]);
});

test('a list that only the shell script extends is counted, however long it is', async () => {
  await on.cloud.hideNode();
  await migrate();
  const list = `${recordDirectory}/not-run.jsonl`;
  const times =
    'i=0; while [ $i -lt 13 ]; do cat "$1" "$1" >"$1.more"; mv "$1.more" "$1"; i=$((i + 1)); done';
  const uid = String(statSync(on.cloud.machine.path('/var/lib/one/remotes')).uid);
  await on.cloud.machine.root(['setpriv', '--reuid', uid, 'sh', '-c', times, 'sh', list]);
  const counted = (): number => {
    const notRun = entriesNotRun(on.cloud.machine.path(recordDirectory));
    return isUnknown(notRun) ? Number.NaN : notRun.length;
  };
  // The list is longer than the part that is read, so its count is unknown, not 0.
  expect(counted()).toBeNaN();
  await migrate();
  expect(counted()).toBeNaN();
  await on.cloud.machine.root(['rm', `${list}.old`]);
  expect(counted()).toBe(1);
});

test('a failure to record prevents neither the move nor the end of the driver', async () => {
  await on.cloud.hostHalf(repaired, ...move, done);
  const released = '/var/lib/one/released';
  await on.cloud.program(
    '/usr/bin/onevm',
    `#!/bin/sh\necho "$*" >>/var/lib/one/asked; until [ -e ${released} ]; do sleep 0.05; done; echo "no such user" >&2; exit 255\n`,
  );
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  await appended();
  on.cloud.write(released, '');
  expect((await syslog(2))[1]).toBe(
    '-t migrate-guard -p daemon.warning -- VM 310: MIGRATE_GUARD_LAST could not be set: no such user',
  );
  await on.cloud.machine.root(['sh', '-c', `rm -r ${recordDirectory} && echo >${recordDirectory}`]);
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  expect(await syslog(4)).toContainEqual(
    expect.stringMatching(/VM 310: it could not be written to .*EEXIST$/),
  );
});

test('the reason why it could not be written is reported, also for a file', async () => {
  await on.cloud.machine.root(['mkdir', '-p', `${recordDirectory}/310.json`]);
  await on.cloud.machine.root(['chown', '-R', '--reference=/var/lib/one/remotes', recordDirectory]);
  await on.cloud.hostHalf(...move, done);
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  expect(await syslog(2)).toContainEqual(
    expect.stringMatching(/VM 310: it could not be written to .*310\.json.*EISDIR$/),
  );
});

test('a VM that does not run there any more after its failure does not count as a guard that could not run', async () => {
  const end = { kind: 'end', exit: 2, result: 'not-running', what: 'no domain 310 runs on this host' };
  await on.cloud.hostHalf(end);
  expect(await on.cloud.tm('failmigrate', 'kvm1', 'kvm2', '/310', '310', '0')).toMatchObject({ exit: 0 });
  expect(entries()).toMatchObject([
    { action: 'failmigrate', guard: 'ran', warnings: [expect.stringContaining(end.what) as string] },
  ]);
  expect(entriesNotRun(on.cloud.machine.path(recordDirectory))).toEqual([]);
});

test('a hook is recorded when it is about a migration', async () => {
  await on.cloud.hostHalf(repaired, done);
  const running = { id: 310, lcmState: 3, prevLcmState: 3, history: new History().records };
  expect(await on.cloud.hookOf('post-failure', running)).toMatchObject({ exit: 0 });
  expect(entries()).toEqual([]);
  expect(await on.cloud.hook('pre-migrate', '310')).toMatchObject({ exit: 0 });
  expect(entries()).toMatchObject([
    {
      action: 'pre-migrate',
      source: 'kvm1',
      destination: 'kvm2',
      guard: 'ran',
      did: ['repair: /dev/"sp" made'],
    },
  ]);
});
