import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../src/system/command';
import type { HookTest } from '../../src/workflows/hook-test';
import { readMonitoring } from '../unit/opennebula/monitord';
import { History, vmXml, type VmXmlOptions } from '../unit/opennebula/vm-xml';
import { fillMemory } from './guard-stage';
import { affectedQemu, type Domain, type Host, until } from './harness';
import { OpenNebulaStage, put } from './opennebula-stage';

let stage: OpenNebulaStage;
/** Of a host half that hangs; it takes so long that it runs beside the tests. */
let hanging: Promise<number>;
const now = 1709630042;

beforeAll(async () => {
  stage = await OpenNebulaStage.start();
  put(stage.front, '/usr/bin/onevm', onevm, 0o755);
  put(stage.lab.host('kvm2'), '/usr/lib/migrate-guard/migrate-guard', '#!/bin/sh\nexec sleep 120\n', 0o755);
  const began = Date.now();
  hanging = probe(stage.lab.host('kvm2')).then(({ size }) => (size === 0 ? Date.now() - began : Number.NaN));
});
afterAll(() => stage.stop());

/** In the place of OpenNebula's: it shows what a file holds, and writes down what it is asked to do. */
const onevm = `#!/bin/sh
echo "$(id -un) $*" >>/var/tmp/onevm-asked
case "$1 $2" in
  'show -x') cat "/var/tmp/vm-$3.xml" 2>/dev/null && exit 0
      echo "[one.vm.info] Error getting virtual machine [$3]." >&2; exit 255 ;;
esac
`;

/** What oned knows of the VM from now on, and hands to the hooks. */
function oned(options: VmXmlOptions & { readonly id: number }): string {
  const event = vmXml(options);
  const { state, lcmState = 3 } = options;
  // It says so only in the event (VirtualMachinePool::update).
  const shown = vmXml({ ...options, prevState: state ?? 3, prevLcmState: lcmState });
  put(stage.front, `/var/tmp/vm-${options.id}.xml`, shown, 0o644);
  return event;
}

function failedEvent(id: number, destination = 'kvm2'): string {
  return oned({ id, history: new History().begin(destination, now - 9).revert(now).records });
}

/** As opennebula-hem does (onehem-server.rb). */
function hook(name: string, event: string, ...args: readonly string[]): Promise<CommandResult> {
  const program = `/var/lib/one/remotes/hooks/migrate-guard/${name}`;
  const input = Buffer.from(event).toString('base64');
  return stage.front.run([program, ...args], { as: 'oneadmin', cwd: '/', input, deadline: 60_000 });
}

function hookTest(...words: readonly string[]): Promise<CommandResult> {
  return hookTestAs('root', ...words);
}

function hookTestAs(as: string, ...words: readonly string[]): Promise<CommandResult> {
  const program = '/usr/lib/migrate-guard/migrate-guard';
  return stage.front.run([program, 'hook', 'test', ...words], { as, deadline: 60_000 });
}

/** As monitord-client.rb does; what it would hand to monitord. */
async function probe(host: Host): Promise<ReturnType<typeof readMonitoring>> {
  const program = '/var/tmp/one/im/kvm-probes.d/vm/monitor/migrate-guard';
  const input = '<MONITORD><HOST_ID>1</HOST_ID></MONITORD>';
  const { exit, stdout, stderr } = await host.run([program, 'kvm'], { as: 'oneadmin', cwd: '/', input });
  expect([exit, stderr]).toEqual([0, '']);
  return readMonitoring(stdout);
}

/** As the plugins ask it, but on the host itself. */
async function hostHalf(host: Host, request: object): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  const program = ['sudo', '-n', '/usr/lib/migrate-guard/migrate-guard', 'host'] as const;
  const input = `${JSON.stringify({ version, ...request })}\n`;
  return (await host.run(program, { as: 'oneadmin', input })).stdout;
}

async function probed(domain: Domain): Promise<Record<string, string>> {
  const { MIGRATE_GUARD_TIME: time, ...attributes } = Object.fromEntries(
    (await probe(domain.host)).get(domain.vmId) ?? [],
  );
  expect(Math.abs(Date.now() - Date.parse(time ?? ''))).toBeLessThan(10_000);
  return attributes;
}

function asked(): string[] {
  const file = stage.front.path('/var/tmp/onevm-asked');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  writeFileSync(file, '', { mode: 0o666 });
  return lines;
}

test('the probe says nothing, and never fails, where nothing runs or the guard cannot', async () => {
  const host = stage.lab.host('kvm1');
  expect((await probe(host)).size).toBe(0);
  const rules = ['/etc/sudoers.d/migrate-guard', '/usr/lib/migrate-guard/migrate-guard', '/usr/bin/node'];
  for (const file of rules) {
    await host.succeed(['mv', file, `${file}.away`]);
    expect((await probe(host)).size).toBe(0);
    await host.succeed(['mv', `${file}.away`, file]);
  }
});

test('a live migration that failed: the probe tells, the hook heals, and it is tried again once', async () => {
  const domain = await stage.lab.startDomain(310, { host: 'kvm1', emulator: 'affected' });
  expect(await probed(domain)).toEqual({
    MIGRATE_GUARD: 'safe',
    MIGRATE_GUARD_REASON: '',
    MIGRATE_GUARD_BLOCK_STATE: 'healthy',
  });
  const link = stage.lab.relink(domain);
  const broken = await probed(domain);
  expect(broken['MIGRATE_GUARD']).toBe('repairable');
  expect(broken['MIGRATE_GUARD_REASON']).toMatch(/^vda .*storpool-byid/);
  expect((await stage.lab.migrate(domain, 'kvm2')).exit).toBe(1);
  // What only memory tells is unknown until the layout of this build is stored.
  const after = await probed(domain);
  expect(after).toMatchObject({ MIGRATE_GUARD: 'undecided', MIGRATE_GUARD_BLOCK_STATE: 'unknown' });
  expect(after['MIGRATE_GUARD_REASON']).not.toMatch(/storpool-byid is missing/);
  await domain.host.succeed(['/usr/lib/migrate-guard/migrate-guard', 'layout', affectedQemu()]);
  expect(await probed(domain)).toMatchObject({
    MIGRATE_GUARD: 'blocked',
    MIGRATE_GUARD_BLOCK_STATE: 'stuck',
  });

  stage.configure('hooks: { retry: true }\n');
  const event = failedEvent(310);
  const dry = await hookTest('post-failure', '--vm', '310', '--dry-run', '--json');
  const document = JSON.parse(dry.stdout) as HookTest;
  expect(document).toMatchObject({ exit: 0, user: 'oneadmin', directory: '/' });
  expect(document.stdout).toMatch(
    /cont would be applied[^]*storpool-byid.* would be made[^]*nothing was changed/,
  );
  expect(document.stdout).toContain('a dry run: would be asked: onevm migrate --live 310 kvm2');
  const prepared = await hostHalf(domain.host, { action: 'prepare', domain: '310', dryRun: true });
  expect(prepared).toMatch(/storpool-byid.* would be made[^]*cont would be applied[^]*nothing was changed/);
  expect(existsSync(`/proc/${domain.outerPid}/root${link}`)).toBe(false);
  expect(await probed(domain)).toMatchObject({ MIGRATE_GUARD_BLOCK_STATE: 'stuck' });
  asked();

  const real = await hook('post-failure', event);
  expect([real.exit, real.stderr]).toEqual([0, '']);
  expect(real.stdout).toMatch(/reset: [^]*repair: .*storpool-byid[^]*asked to try again/);
  expect(asked()).toEqual(['oneadmin show -x 310', 'oneadmin migrate --live 310 kvm2']);

  const history = new History()
    .begin('kvm2', now - 9)
    .revert(now)
    .begin('kvm2', now + 3)
    .revert(now + 8);
  const second = await hook('post-failure', oned({ id: 310, history: history.records }));
  expect(second.stdout).toContain('not tried again: the live migration before it went to kvm2, too');
  const replayed = await hook('post-failure', event);
  expect(replayed.stdout).toContain('not tried again: the VM has gone on since');
  expect(asked()).toEqual(['oneadmin show -x 310']);

  // Thousands of probes a day would fill the log of what was done.
  expect(domain.host.read('/var/log/migrate-guard/host.log')).not.toContain('"probe"');

  expect((await stage.lab.migrate(domain, 'kvm2')).exit).toBe(0);
  const there = await stage.expectAliveOn('kvm2', domain);
  // It is not on the source any more: nothing is healed, so nothing is tried again.
  const late = await hook('post-failure', failedEvent(310));
  expect([late.exit, asked()]).toEqual([2, []]);
  expect(late.stderr).toMatch(/^migrate-guard: one-310 on kvm1: no domain .*\n {2}-> /);
  await there.destroy();
});

test('the path breaks, and the hook mends it while the memory is copied', async () => {
  const domain = await stage.lab.startDomain(311, { host: 'kvm1' });
  fillMemory(domain);
  stage.lab.relink(domain);
  const migration = stage.lab.migrate(domain, 'kvm2', { options: ['--bandwidth', '1'] });
  const copying = /^Data processed: +[1-9]/m;
  await until(async () => copying.test(await domain.host.virsh('domjobinfo', domain.name)), {
    what: 'memory is being copied',
  });
  const history = new History().begin('kvm2', now).records;
  oned({ id: 311, lcmState: 4, history });
  const tested = await hookTest('pre-migrate', '--vm', '311');
  expect(tested.exit).toBe(0);
  expect(tested.stdout).toMatch(/^command: +\/var\/lib\/one\/remotes\/hooks\/migrate-guard\/pre-migrate$/m);
  expect(tested.stdout).toMatch(
    /<LCM_STATE>4<[^]*<HOSTNAME>kvm2<[^]*repair: \/dev\/storpool-byid.* made[^]*every disk opens now/,
  );
  // Slow until the hook has ended, however long that takes.
  await domain.host.virsh('migrate-setspeed', domain.name, '1000');
  expect((await migration).exit).toBe(0);
  const late = await hookTest('pre-migrate', '--vm', '311');
  expect([late.exit, late.stdout]).toEqual([0, expect.stringContaining('does not run on kvm1 any more')]);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('the hook leaves a VM alone that the driver guards', async () => {
  const domain = await stage.lab.startDomain(312, { host: 'kvm1' });
  stage.script('vmm/kvm/slow', '#!/bin/sh\nsleep 2\nexec /var/tmp/one/vmm/kvm/migrate "$@"\n');
  stage.configure('opennebula: { migrate: slow }\n');
  const moved = stage.migrate(domain, 'kvm2', { local: 'migrate-guard' });
  const claims = domain.host.path('/run/migrate-guard/one-312.lock');
  await until(() => existsSync(claims) && readdirSync(claims).some((file) => file.endsWith('.held')), {
    what: 'the driver guards the VM',
  });
  const history = new History().begin('kvm2', now).records;
  const left = await hook('pre-migrate', vmXml({ id: 312, lcmState: 4, prevLcmState: 3, history }));
  expect([left.exit, left.stderr, left.stdout]).toEqual([0, '', expect.stringContaining('left alone')]);
  expect((await moved).exit).toBe(0);
  await (await stage.expectAliveOn('kvm2', domain)).destroy();
});

test('the event may come as an argument, where ARGUMENTS_STDIN is not set', async () => {
  const program = '/var/lib/one/remotes/hooks/migrate-guard/post-failure';
  const event = Buffer.from(vmXml({ id: 313, history: new History().records })).toString('base64');
  const given = await stage.front.run([program, event], { as: 'oneadmin', cwd: '/' });
  expect([given.exit, given.stdout]).toEqual([0, expect.stringMatching(/^one-313: nothing to do: .*\n$/)]);
  const nothing = await stage.front.run([program], { as: 'oneadmin', cwd: '/' });
  expect([nothing.exit, nothing.stderr]).toEqual([64, expect.stringContaining('its event cannot be read')]);
});

test('what cannot be tested is refused with the reason and the way out', async () => {
  oned({ id: 313, history: new History().records });
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [
      ['pre-migrate', '--vm', '999'],
      2,
      /XML of VM 999 cannot be had: .*Error getting virtual machine \[999\]/,
    ],
    [['pre-migrate', '--vm', '313'], 1, /LCM_STATE 3, so OpenNebula would not run pre-migrate/],
    [['pre-migrate', '--vm', '313', '--event', '/etc/hostname'], 64, /the saved event is no event/],
    [['pre-migrate', '--vm', '7', '--event', '/var/tmp/vm-313.xml'], 64, /is of VM 313, not of VM 7/],
  ];
  for (const [words, exit, what] of cases) {
    const refused = await hookTest(...words);
    expect([refused.exit, refused.stdout]).toEqual([exit, '']);
    expect(refused.stderr).toMatch(what);
    expect(refused.stderr).toMatch(/^migrate-guard: .*\n {2}-> .*\n$/);
  }
  await stage.front.succeed(['mv', '/usr/bin/onevm', '/usr/bin/onevm.away']);
  const without = await hookTest('post-failure', '--vm', '313');
  expect([without.exit, without.stderr]).toEqual([2, expect.stringContaining('onevm is not installed')]);
  await stage.front.succeed(['mv', '/usr/bin/onevm.away', '/usr/bin/onevm']);
  for (const user of ['root', 'oneadmin']) {
    const nothing = await hookTestAs(user, 'post-failure', '--vm', '313');
    expect([nothing.exit, nothing.stdout]).toEqual([0, expect.stringContaining('nothing to do')]);
  }
});

test('a host half that hangs keeps the other probes of its host waiting, but not for ever', async () => {
  const took = await hanging;
  expect(took).toBeGreaterThan(15_000);
  // OpenNebula asks every 30 s.
  expect(took).toBeLessThan(27_000);
});
