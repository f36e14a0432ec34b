import { readFileSync, writeFileSync } from 'node:fs';
import { useLittleCloud, type Driven } from '../installation/fake-cloud-machine';

/**
 * OpenNebula runs failmigrate after a veto of premigrate since 7.4, and after a refusal of the VMM driver always
 * (one_vmm_exec.rb, migrate): nothing was moved then, so nothing must be reset.
 */

const on = useLittleCloud('each');
const words = ['kvm1', 'kvm2', '/310', '310', '0'];
const end = { kind: 'end', domain: 'one-310' };
const healthy = { ...end, exit: 0, result: 'done', what: 'it can migrate' };
const vetoed = { ...end, exit: 1, result: 'refused', what: 'vda leads elsewhere', remedy: 'look' };
const noted = 'echo "$request" >>/var/lib/one/requests';
const record = '/var/lib/one/migrate-guard/310.json';

/** The actions that the host's agent was asked for, from the first on. */
function asked(): string[] {
  return on.cloud.lines('requests').map((line) => (JSON.parse(line) as { action: string }).action);
}

function recordedActions(): string[] {
  const { entries } = JSON.parse(readFileSync(on.cloud.machine.path(record), 'utf8')) as {
    entries: { action: string }[];
  };
  return entries.map(({ action }) => action);
}

const failmigrate = (...given: string[]): Promise<Driven> =>
  on.cloud.tm('failmigrate', ...given, ...words.slice(given.length));

const vetoes: readonly (readonly [string, () => Promise<Driven>])[] = [
  ['premigrate', () => on.cloud.tm('premigrate', ...words)],
  ['migrate', () => on.cloud.migrate()],
];

test.each(vetoes)('a refusal of %s: no host is queried, and the reason is printed', async (name, refuse) => {
  await on.cloud.hostHalf(noted, vetoed);
  expect(await refuse()).toMatchObject({ exit: 1, ran: [] });
  const before = asked();
  expect(await failmigrate()).toEqual({
    exit: 0,
    stdout: '',
    stderr: `INFO: 310 migrate-guard: VM 310: nothing to do: ${name} refused this migration, so nothing was moved\n`,
    ran: [],
  });
  expect(asked()).toEqual(before);
  // The reason for the veto stays the newest entry of the VM.
  expect(recordedActions()).toEqual([name]);
});

test('also where the guard could not run, and the policy of the site refuses', async () => {
  on.cloud.configure('policy: { when_guard_fails: refuse }\n');
  await on.cloud.program('/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\nexit 1\n');
  expect(await on.cloud.tm('premigrate', ...words)).toMatchObject({ exit: 2 });
  expect(await failmigrate()).toMatchObject({ exit: 0, stderr: expect.stringMatching(/^INFO: /) as string });
});

test.each([2, 3, 4])(
  'a guard that ended with %d may have changed something: the VM is reset',
  async (exit) => {
    await on.cloud.hostHalf(noted, { ...vetoed, exit });
    expect(await on.cloud.migrate()).toMatchObject({ exit, ran: [] });
    await failmigrate();
    expect(asked()).toEqual(['migrate', 'heal']);
  },
);

describe('resets as usual', () => {
  beforeEach(() => on.cloud.hostHalf(noted, vetoed));

  test('after a migration that premigrate allowed', async () => {
    await on.cloud.hostHalf(noted, healthy);
    await on.cloud.tm('premigrate', ...words);
    await failmigrate();
    expect(asked()).toEqual(['prepare', 'heal']);
  });

  test('after one to another host', async () => {
    await on.cloud.tm('premigrate', ...words);
    await failmigrate('kvm1', 'kvm3');
    expect(asked()).toEqual(['prepare', 'heal']);
  });

  test('after an older refusal, and where the record is lost', async () => {
    await on.cloud.tm('premigrate', ...words);
    const file = on.cloud.machine.path(record);
    const old = new Date(Date.now() - 121_000).toISOString();
    const text = readFileSync(file, 'utf8').replace(/"time": "[^"]*"/, `"time": "${old}"`);
    writeFileSync(file, text);
    await failmigrate();
    writeFileSync(file, '');
    await failmigrate();
    expect(asked()).toEqual(['prepare', 'heal', 'heal']);
  });
});
