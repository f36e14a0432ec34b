import { existsSync, readFileSync, statSync } from 'node:fs';
import { readEntry, type RecordEntry } from '../../../src/opennebula/model/record';
import { isUnknown } from '../../../src/core/unknown';
import { entriesNotRun } from '../../../src/opennebula/record-file';
import { History } from '../../support/vm-xml';
import { until } from '../harness';
import { useLittleCloud } from '../installation/fake-cloud-machine';

/**
 * oned drops what a driver prints that succeeds: so what was done for a VM stands in the front-end's record, in syslog and
 * in the VM's USER_TEMPLATE. Host halves, movers, onevm and logger are stand-ins; everything between them is ours.
 */

const on = useLittleCloud('each');

const directory = '/var/lib/one/migrate-guard';
const stock = 'tmp/one/vmm/kvm/migrate one-310 kvm2 kvm1 310 kvm1';
const move = [{ kind: 'move' }, 'read -r moved'];
const done = { kind: 'end', exit: 0, domain: 'one-310', result: 'done', what: 'moved' };
const vetoed = {
  kind: 'end',
  exit: 1,
  domain: 'one-310',
  result: 'refused',
  what: 'vda leads elsewhere',
  remedy: 'mend it',
};
const repaired = { kind: 'did', action: 'repair', what: '/dev/"sp" made' };

beforeEach(async () => {
  await on.cloud.program('/usr/bin/logger', '#!/bin/sh\necho "$*" >>/var/lib/one/syslog\n');
  await on.cloud.onevm({ history: new History().records });
});

function vm(userTemplate: Readonly<Record<string, string>> = {}): string {
  const attributes = Object.entries(userTemplate).map(
    ([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`,
  );
  return `<VM><ID>310</ID><USER_TEMPLATE>${attributes.join('')}</USER_TEMPLATE></VM>`;
}

async function migrate(userTemplate?: Readonly<Record<string, string>>) {
  const xml = `<VMM_DRIVER_ACTION_DATA>${vm(userTemplate)}</VMM_DRIVER_ACTION_DATA>`;
  const words = ['one-310', 'kvm2', 'kvm1', '310', 'kvm1'];
  return on.cloud.script('vmm/kvm/migrate-guard', words, Buffer.from(xml).toString('base64'));
}

function entries(): RecordEntry[] {
  const file = on.cloud.machine.path(`${directory}/310.json`);
  if (!existsSync(file)) return [];
  const document = JSON.parse(readFileSync(file, 'utf8')) as { vmId: number; entries: unknown[] };
  expect(document.vmId).toBe(310);
  return document.entries.flatMap((entry) => readEntry(entry) ?? []);
}

/** The lines of syslog, once there are so many. */
async function syslog(count = 1): Promise<string[]> {
  await until(() => on.cloud.lines('syslog').length >= count, {
    what: 'syslog is told',
    evidence: () => on.cloud.lines('syslog'),
  });
  return on.cloud.lines('syslog');
}

/** What OpenNebula was asked to append, once it was. */
async function appended(): Promise<string> {
  await until(() => on.cloud.lines('asked').length > 0, { what: 'onevm is asked' });
  expect(on.cloud.lines('asked')).toEqual([`update 310 --append ${directory}/310.template`]);
  return readFileSync(on.cloud.machine.path(`${directory}/310.template`), 'utf8');
}

test('a healthy move is recorded, and the VM is left alone', async () => {
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
  const { mode, uid } = statSync(on.cloud.machine.path(directory));
  expect([(mode & 0o777).toString(8), uid]).toEqual([
    '750',
    statSync(on.cloud.machine.path('/var/lib/one/remotes')).uid,
  ]);
  expect(await syslog()).toEqual([
    '-t migrate-guard -p daemon.notice -- VM 310: migrate, kvm1 to kvm2: done',
  ]);
  expect(on.cloud.lines('asked')).toEqual([]);
});

test('but a VM that tells of an older one tells of it', async () => {
  await on.cloud.hostHalf(...move, done);
  await migrate({ MIGRATE_GUARD_LAST: 'something else' });
  expect(await appended()).toMatch(
    /^MIGRATE_GUARD_LAST="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ migrate, kvm1 to kvm2: done"\n$/,
  );
});

test('what was done is told, as a value that OpenNebula can read', async () => {
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

test('what the mover prints is kept, also of a success, and logged as its VM’s', async () => {
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
  // Its words alone are no news of the VM.
  expect((await syslog(2))[1]).toBe(
    '-t migrate-guard -p daemon.notice -- VM 310: migrate, kvm1 to kvm2: done',
  );
});

test('of a failure its words come first, as they are', async () => {
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

test('a site that leaves the USER_TEMPLATE alone', async () => {
  on.cloud.configure('opennebula: { user_template: no }\n');
  await on.cloud.hostHalf(repaired, ...move, done);
  await migrate({ MIGRATE_GUARD_LAST: 'something else' });
  await syslog();
  expect(on.cloud.has(`${directory}/310.template`)).toBe(false);
});

test('a refusal, and then a mover that fails', async () => {
  await on.cloud.hostHalf(vetoed);
  expect(await migrate()).toMatchObject({ exit: 1, ran: [] });
  await on.cloud.program('/var/tmp/one/vmm/kvm/migrate', '#!/bin/sh\ncat >/dev/null; exit 7\n');
  await on.cloud.hostHalf(...move, { ...done, exit: 7, what: 'the mover failed' });
  expect(await migrate()).toMatchObject({ exit: 7 });
  expect(entries()).toMatchObject([
    { result: 'failed', exit: 7, errors: ['the mover failed'] },
    { result: 'refused', exit: 1, errors: ['vda leads elsewhere -> mend it'] },
  ]);
});

test('a guard that cannot run is counted, with why', async () => {
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
  expect(entriesNotRun(on.cloud.machine.path(directory))).toMatchObject([
    { ...entry, vmId: 310, source: 'kvm1' },
  ]);
  expect((await syslog())[0]).toMatch(
    /-p daemon.warning -- VM 310: .*the guard cannot run: .*; it was moved without the guard/,
  );
  expect(await appended()).toContain('the guard cannot run');
});

test('also by a shell, where Node is missing', async () => {
  await on.cloud.hideNode();
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  const why = 'Node 20 or later is not installed on the host that runs this script';
  expect(entriesNotRun(on.cloud.machine.path(directory))).toMatchObject([
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

test('a list that a shell alone goes on with is counted, however long it gets', async () => {
  await on.cloud.hideNode();
  await migrate();
  const list = `${directory}/not-run.jsonl`;
  const times =
    'i=0; while [ $i -lt 13 ]; do cat "$1" "$1" >"$1.more"; mv "$1.more" "$1"; i=$((i + 1)); done';
  const uid = String(statSync(on.cloud.machine.path('/var/lib/one/remotes')).uid);
  await on.cloud.machine.root(['setpriv', '--reuid', uid, 'sh', '-c', times, 'sh', list]);
  const counted = (): number => {
    const notRun = entriesNotRun(on.cloud.machine.path(directory));
    return isUnknown(notRun) ? Number.NaN : notRun.length;
  };
  // Longer than what is read: nobody may take it for none.
  expect(counted()).toBeNaN();
  await migrate();
  expect(counted()).toBeNaN();
  await on.cloud.machine.root(['rm', `${list}.old`]);
  expect(counted()).toBe(1);
});

test('nothing of it keeps a VM from being moved, nor the driver from ending', async () => {
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
  await on.cloud.machine.root(['sh', '-c', `rm -r ${directory} && echo >${directory}`]);
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  expect(await syslog(4)).toContainEqual(
    expect.stringMatching(/VM 310: it could not be written to .*EEXIST$/),
  );
});

test('why it could not be written is told, also of a file', async () => {
  await on.cloud.machine.root(['mkdir', '-p', `${directory}/310.json`]);
  await on.cloud.machine.root(['chown', '-R', '--reference=/var/lib/one/remotes', directory]);
  await on.cloud.hostHalf(...move, done);
  expect(await migrate()).toMatchObject({ exit: 0, ran: [stock] });
  expect(await syslog(2)).toContainEqual(
    expect.stringMatching(/VM 310: it could not be written to .*310\.json.*EISDIR$/),
  );
});

describe('MIGRATE_GUARD_MODE', () => {
  test.each(['off', ' OFF '])(
    '%j: the mover alone runs, even where a site wants it refused',
    async (mode) => {
      on.cloud.configure('policy: { when_guard_fails: refuse }\n');
      await on.cloud.program('/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\n: >/var/lib/one/started\n');
      expect(await migrate({ MIGRATE_GUARD_MODE: mode })).toMatchObject({ exit: 0, ran: [stock] });
      expect(on.cloud.has('/var/lib/one/started')).toBe(false);
      const reported = 'MIGRATE_GUARD_MODE is off; it was moved without the guard';
      expect(entries()).toMatchObject([
        { guard: 'off', mode: 'off', why: null, result: 'done', warnings: [reported] },
      ]);
      expect(entriesNotRun(on.cloud.machine.path(directory))).toEqual([]);
      expect((await syslog())[0]).toContain(
        `daemon.warning -- VM 310: migrate, kvm1 to kvm2: done: ${reported}`,
      );
    },
  );

  test('warn: what would have been refused is told, and it is moved', async () => {
    await on.cloud.hostHalf(repaired, vetoed);
    const moved = await migrate({ MIGRATE_GUARD_MODE: 'Warn' });
    expect(moved).toMatchObject({ exit: 0, ran: [stock] });
    const told = 'MIGRATE_GUARD_MODE is warn: it was moved, and would have been refused: ';
    expect(moved.stderr).toContain(`WARN: 310 migrate-guard: ${told}one-310: vda leads elsewhere -> mend it`);
    expect(entries()).toMatchObject([
      {
        guard: 'ran',
        mode: 'warn',
        result: 'done',
        did: ['repair: /dev/"sp" made'],
        warnings: [expect.stringContaining(told)],
      },
    ]);
  });

  test('warn: nor does the policy refuse', async () => {
    on.cloud.configure('policy: { when_guard_fails: refuse }\n');
    await on.cloud.program('/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\nexit 1\n');
    expect(await migrate({ MIGRATE_GUARD_MODE: 'warn' })).toMatchObject({ exit: 0, ran: [stock] });
    expect(entries()).toMatchObject([{ guard: 'could-not-run', mode: 'warn', result: 'done' }]);
  });

  test.each([
    ['who works on it is let end', 5, [{ ...vetoed, exit: 5, result: 'busy' }]],
    ['a VM that an operator has to see to stays', 4, [{ ...vetoed, exit: 4, result: 'person' }]],
    ['nothing is moved while a guard that was lost may be at work', 2, [repaired]],
  ])('warn: but %s', async (_, exit, said) => {
    await on.cloud.hostHalf(...said);
    expect(await migrate({ MIGRATE_GUARD_MODE: 'warn' })).toMatchObject({ exit, ran: [] });
    expect(await tm('premigrate', vm({ MIGRATE_GUARD_MODE: 'warn' }))).toMatchObject({ exit });
    const entry = { guard: 'ran', mode: 'warn', result: 'refused', exit };
    expect(entries()).toMatchObject([entry, entry]);
  });

  test('warn: what the mover leaves when it fails is healed, since nobody stood by', async () => {
    const healing = [{ ...repaired, action: 'reset', what: 'QEMU took its disks back' }, { ...vetoed }]
      .map(
        (line, index) => `echo '${JSON.stringify(index === 0 ? line : { ...line, what: 'still astray' })}'`,
      )
      .join('; ');
    const noted = `echo "$request" >>/var/lib/one/requests; case $request in *'"heal"'*) ${healing}; exit ;; esac`;
    await on.cloud.program('/var/tmp/one/vmm/kvm/migrate', '#!/bin/sh\ncat >/dev/null; exit 7\n');
    await on.cloud.hostHalf(noted, vetoed);
    expect(await migrate({ MIGRATE_GUARD_MODE: 'warn' })).toMatchObject({ exit: 7 });
    const requests = on.cloud.lines('requests').map((line) => JSON.parse(line) as unknown);
    expect(requests).toMatchObject([{ action: 'migrate' }, { action: 'heal', destination: 'kvm2' }]);
    expect(entries()).toMatchObject([
      {
        ...{ result: 'failed', exit: 7, did: ['reset: QEMU took its disks back'] },
        warnings: [
          'MIGRATE_GUARD_MODE is warn: the mover ran, failed, and would have been refused: one-310: vda leads elsewhere -> mend it',
          'after that: still astray (mend it)',
        ],
      },
    ]);
  });

  test('another word counts as none, and is told', async () => {
    await on.cloud.hostHalf(vetoed);
    const refused = await migrate({ MIGRATE_GUARD_MODE: 'of' });
    expect(refused).toMatchObject({ exit: 1, ran: [] });
    const told = 'MIGRATE_GUARD_MODE is "of", and neither off nor warn: it is guarded as usual';
    // The reason first: OpenNebula 6 joins all lines, and keeps 100 characters for the VM's ERROR.
    expect(refused.stderr).toMatch(/^migrate-guard: vda leads elsewhere\.\n/);
    expect(refused.stderr).toContain(`WARN: migrate-guard: one-310: ${told}\n`);
    expect(entries()).toMatchObject([{ guard: 'ran', mode: null, warnings: [told] }]);
  });

  const tm = (name: 'premigrate' | 'failmigrate', given: string) =>
    on.cloud.script(
      `tm/migrate-guard/${name}`,
      ['kvm1', 'kvm2', '/310', '310', '0'],
      Buffer.from(given).toString('base64'),
    );

  test('a datastore driver’s scripts know it from their input', async () => {
    await on.cloud.hostHalf(vetoed);
    expect(await tm('premigrate', vm())).toMatchObject({ exit: 1 });
    expect(await tm('premigrate', vm({ MIGRATE_GUARD_MODE: 'warn' }))).toMatchObject({ exit: 0 });
    await on.cloud.program('/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\n: >/var/lib/one/started\n');
    for (const name of ['premigrate', 'failmigrate'] as const)
      expect(await tm(name, vm({ MIGRATE_GUARD_MODE: 'off' }))).toMatchObject({ exit: 0 });
    expect(on.cloud.has('/var/lib/one/started')).toBe(false);
    expect(entries()).toMatchObject([
      { action: 'failmigrate', guard: 'off' },
      { action: 'premigrate', guard: 'off' },
      { action: 'premigrate', guard: 'ran', mode: 'warn', result: 'done' },
      { action: 'premigrate', guard: 'ran', mode: null, result: 'refused' },
    ]);
  });

  test('or from OpenNebula, before a veto', async () => {
    await on.cloud.hostHalf(vetoed);
    expect(await tm('premigrate', '')).toMatchObject({ exit: 1 });
    on.cloud.write('/var/lib/one/vm.xml', vm({ MIGRATE_GUARD_MODE: 'off' }));
    expect(await tm('premigrate', '')).toMatchObject({ exit: 0 });
    expect(entries()[0]).toMatchObject({ mode: 'off', guard: 'ran', result: 'done' });
    // A guard that is stuck in its work is one of those that `off` is for.
    await on.cloud.hostHalf({ ...vetoed, exit: 5, result: 'busy', what: 'someone else is working on it' });
    expect(await tm('premigrate', '')).toMatchObject({ exit: 0 });
    on.cloud.write('/var/lib/one/vm.xml', vm({ MIGRATE_GUARD_MODE: 'warn' }));
    expect(await tm('premigrate', '')).toMatchObject({ exit: 5 });
  });
});

test('a VM that does not run there any more after its failure is no guard that could not run', async () => {
  const end = { kind: 'end', exit: 2, result: 'not-running', what: 'no domain 310 runs on this host' };
  await on.cloud.hostHalf(end);
  expect(await on.cloud.tm('failmigrate', 'kvm1', 'kvm2', '/310', '310', '0')).toMatchObject({ exit: 0 });
  expect(entries()).toMatchObject([
    { action: 'failmigrate', guard: 'ran', warnings: [expect.stringContaining(end.what) as string] },
  ]);
  expect(entriesNotRun(on.cloud.machine.path(directory))).toEqual([]);
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
