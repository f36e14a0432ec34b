import { entriesNotRun } from '../../../src/opennebula/record-file';
import { recordDirectory, repaired, stock, useDriverRecord, vetoed, vm } from './use-driver-record';

const { on, migrate, entries, syslog } = useDriverRecord();

describe('MIGRATE_GUARD_MODE', () => {
  test.each(['off', ' OFF '])(
    '%j: only the mover runs, even if the policy of the site refuses',
    async (mode) => {
      on.cloud.configure('policy: { when_guard_fails: refuse }\n');
      await on.cloud.program('/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\n: >/var/lib/one/started\n');
      expect(await migrate({ MIGRATE_GUARD_MODE: mode })).toMatchObject({ exit: 0, ran: [stock] });
      expect(on.cloud.has('/var/lib/one/started')).toBe(false);
      const reported = 'MIGRATE_GUARD_MODE is off; it was moved without the guard';
      expect(entries()).toMatchObject([
        { guard: 'off', mode: 'off', why: null, result: 'done', warnings: [reported] },
      ]);
      expect(entriesNotRun(on.cloud.machine.path(recordDirectory))).toEqual([]);
      expect((await syslog())[0]).toContain(
        `daemon.warning -- VM 310: migrate, kvm1 to kvm2: done: ${reported}`,
      );
    },
  );

  test('warn: the reason for a refusal is reported, and the VM is moved', async () => {
    await on.cloud.hostHalf(repaired, vetoed);
    const moved = await migrate({ MIGRATE_GUARD_MODE: 'Warn' });
    expect(moved).toMatchObject({ exit: 0, ran: [stock] });
    const told = 'MIGRATE_GUARD_MODE is warn: it was moved, and would have been refused: ';
    expect(moved.stderr).toContain(
      `WARN: 310 migrate-guard: ${told}one-310: vda leads elsewhere -> correct it`,
    );
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

  test('warn: the policy does not refuse, either', async () => {
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

  test('warn: after a failure of the mover the VM is reset, because there was no standby', async () => {
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
          'MIGRATE_GUARD_MODE is warn: the mover ran, failed, and would have been refused: one-310: vda leads elsewhere -> correct it',
          'after that: still astray (correct it)',
        ],
      },
    ]);
  });

  test('another value counts as none, and is reported', async () => {
    await on.cloud.hostHalf(vetoed);
    const refused = await migrate({ MIGRATE_GUARD_MODE: 'of' });
    expect(refused).toMatchObject({ exit: 1, ran: [] });
    const told = 'MIGRATE_GUARD_MODE is "of", and neither off nor warn: it is guarded as usual';
    // The reason comes first: OpenNebula 6 joins all lines, and keeps 100 characters for the VM's ERROR.
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

  test('a datastore driver’s scripts read it from their input', async () => {
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

  test('or from OpenNebula, before a refusal', async () => {
    await on.cloud.hostHalf(vetoed);
    expect(await tm('premigrate', '')).toMatchObject({ exit: 1 });
    on.cloud.write('/var/lib/one/vm.xml', vm({ MIGRATE_GUARD_MODE: 'off' }));
    expect(await tm('premigrate', '')).toMatchObject({ exit: 0 });
    expect(entries()[0]).toMatchObject({ mode: 'off', guard: 'ran', result: 'done' });
    // `off` also helps against a guard that hangs.
    await on.cloud.hostHalf({
      ...vetoed,
      exit: 5,
      result: 'busy',
      what: 'locked by another migrate-guard (process 123)',
    });
    expect(await tm('premigrate', '')).toMatchObject({ exit: 0 });
    on.cloud.write('/var/lib/one/vm.xml', vm({ MIGRATE_GUARD_MODE: 'warn' }));
    expect(await tm('premigrate', '')).toMatchObject({ exit: 5 });
  });
});
