import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetDomain } from '../../src/core/fleet';
import { run, type CommandResult } from '../../src/system/command';
import { makeCloud, vmPoolXml, type Cloud, type CloudVm, type Release } from '../fleet/cloud';
import { StandInOpenNebula } from '../fleet/stand-in-opennebula';
import { buildAlone, type Built } from './built';

interface Document {
  readonly source: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly doubts: readonly string[];
  readonly hosts: readonly { readonly host: string; readonly cluster: string }[];
  readonly domains: readonly FleetDomain[];
  readonly changes?: readonly { readonly domain: string; readonly kind: string }[];
}

let built: Built;
let opennebula: StandInOpenNebula;

beforeAll(async () => {
  [built, opennebula] = await Promise.all([buildAlone(), StandInOpenNebula.start()]);
});
afterAll(async () => {
  built.remove();
  await opennebula.stop();
});
beforeEach(() => {
  opennebula.answering = 'as oned';
  opennebula.holds(fleet());
});

const now = Date.now();

/** One VM of each kind. */
function fleet(): Cloud {
  return makeCloud(10, 3, new Date(now));
}

function vm(id: number, more: Partial<CloudVm> = {}): CloudVm {
  const said = { verdict: 'safe', blockState: 'healthy', reason: '', time: new Date(now - 20_000) } as const;
  return { id, name: `vm${id}`, host: 'kvm1', said, ...more };
}

/** By nobody, who may ask OpenNebula like anybody else: not as root, who would become oneadmin. */
function audit(...words: readonly string[]): Promise<CommandResult> {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;
  const program = [process.execPath, built.file, 'audit', ...words] as const;
  const isRoot = process.geteuid?.() === 0;
  return run(isRoot ? [...nobody, ...program] : [...program], {
    deadline: 60_000,
    cwd: '/',
    env: opennebula.environment,
  });
}

async function document(...words: readonly string[]): Promise<{ exit: number | null; told: Document }> {
  const { exit, stdout, stderr } = await audit('--json', ...words);
  expect(stderr).toBe('');
  return { exit, told: JSON.parse(stdout) as Document };
}

function scratch(name: string, text: string): string {
  const file = join(built.directory, name);
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

test.each<Release>(['6.6', '7.0'])('a thousand VMs of OpenNebula %s, worst first', async (release) => {
  opennebula.holds(makeCloud(1000, 40, new Date()), release);
  const { exit, told } = await document();
  expect([exit, told.source, told.doubts]).toEqual([1, 'monitoring', []]);
  expect(told.totals).toEqual({ blocked: 80, undecided: 40, repairable: 40, safe: 840 });
  expect(told.hosts.map(({ host }) => host)).toEqual(
    Array.from({ length: 40 }, (_, index) => `kvm${index + 1}`),
  );
  const verdicts = told.domains.map(({ verdict }) => verdict);
  expect(verdicts).toEqual([...verdicts].sort((one, other) => rank(one) - rank(other)));
  expect(told.domains[0]).toMatchObject({
    verdict: 'blocked',
    blockState: 'stuck',
    reason: 'disable_perm is on',
  });
  expect(told.domains.find(({ domain }) => domain === 'one-101')).toMatchObject({
    host: 'kvm2',
    vmId: 101,
    name: 'vm "1" & <co>',
    verdict: 'repairable',
    reason: 'vda /var/lib/one//datastores/0/310/disk.0: /dev/storpool-byid is missing',
    findings: [{ check: 'monitoring', state: 'problem', remedy: 'on kvm2: migrate-guard repair one-101' }],
  });
  // Two commands and one call, whatever the size of the fleet: no host is asked.
  expect(opennebula.requests).toHaveLength(1);
  opennebula.requests.length = 0;
});

function rank(verdict: string): number {
  return ['blocked', 'undecided', 'repairable', 'safe'].indexOf(verdict);
}

test('for a person: totals, who is at risk and why, and what to do next', async () => {
  const { exit, stdout } = await audit();
  expect(exit).toBe(1);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(
    "10 VMs on 3 hosts, as OpenNebula's collectors told: 2 blocked, 1 undecided, 1 repairable, 6 safe; 1 stuck",
  );
  expect(lines[1]).toMatch(/^the oldest finding is \d+ (s|min) old$/);
  expect(lines[4]).toMatch(/^blocked +stuck +kvm3 +\d+ (s|min) +one-102 vm "2" & <co> +disable_perm is on$/);
  expect(lines.filter((line) => / one-1\d\d /.test(line))).toHaveLength(4);
  expect(stdout).toContain(
    'next:\n  migrate-guard reset --all --hosts kvm3\n  migrate-guard repair --all --hosts kvm2\n',
  );
  expect((await audit('--verbose')).stdout.match(/ one-1\d\d /g)).toHaveLength(10);
});

test('only some hosts, a cluster, some verdicts; the exit status is the worst of all that was looked at', async () => {
  expect((await document('--hosts', 'kvm1,kvm3')).told.totals).toMatchObject({ repairable: 0, blocked: 2 });
  const cluster = await document('--cluster', 'storage <2>', '--verdict', 'safe');
  expect(cluster.told.hosts).toEqual([{ host: 'kvm2', cluster: 'storage <2>' }]);
  expect(new Set(cluster.told.domains.map(({ verdict }) => verdict))).toEqual(new Set(['safe']));
  expect([cluster.exit, cluster.told.totals['repairable']]).toEqual([1, 1]);
  expect((await document('--cluster', '101')).told.hosts).toEqual(cluster.told.hosts);
  opennebula.holds({ hosts: [{ name: 'kvm1' }], vms: [vm(1)] });
  expect((await document()).exit).toBe(0);
});

test.each([
  [['--hosts', 'kvm9'], 'OpenNebula has no KVM host kvm9'],
  [['--hosts', 'kvm1,-oProxyCommand=x'], '"-oProxyCommand=x" is no host name'],
  [['--cluster', 'defualt'], 'did you mean default?'],
  [['--verdict', 'bad'], '"bad" is no verdict'],
  [['--here', '--live'], '--here is this host alone'],
  [['--diff', '/nonexistent'], '/nonexistent cannot be read: ENOENT'],
  [['--before-relink', '/nonexistent'], 'the map /nonexistent cannot be read'],
])('%p is refused before anybody is asked', async (words, said) => {
  const { exit, stdout, stderr } = await audit(...words);
  expect([exit, stdout]).toEqual([64, '']);
  expect(stderr).toContain(said);
});

describe('what is not sure is not safe', () => {
  test('a VM of which the probe never spoke, one whose probe fell silent, one that speaks nonsense', async () => {
    const said = { verdict: 'safe', blockState: 'healthy', reason: '' } as const;
    const vms = [
      vm(1),
      { id: 2, name: 'never', host: 'kvm1' },
      vm(3, { said: { ...said, time: new Date(now - 3 * 3600_000) } }),
      vm(4, { said: { ...said, verdict: '<b>' as 'safe', time: new Date(now) } }),
      vm(5, { said: { ...said, time: new Date(now + 3600_000) } }),
    ];
    opennebula.holds({ hosts: [{ name: 'kvm1' }], vms });
    const { exit, told } = await document();
    expect(exit).toBe(2);
    const verdicts = Object.fromEntries(
      told.domains.map(({ domain, verdict, reason }) => [domain, [verdict, reason]]),
    );
    expect(verdicts).toEqual({
      'one-1': ['safe', ''],
      'one-2': ['undecided', 'the probe on kvm1 has told nothing of it'],
      'one-3': ['undecided', 'the probe on kvm1 fell silent: safe is what it said 3 h ago'],
      'one-4': ['undecided', 'the probe on kvm1 tells what cannot be understood'],
      'one-5': ['undecided', expect.stringContaining('in the future')],
    });
  });

  test('only VMs that have a domain on a KVM host are judged', async () => {
    const vms = [
      vm(1),
      vm(2, { state: 8, lcmState: 0 }),
      vm(3, { lcmState: 1 }),
      vm(4, { driver: 'vcenter' }),
      vm(5, { lcmState: 16 }),
      vm(6, { host: 'gone' }),
    ];
    opennebula.holds({ hosts: [{ name: 'kvm1' }, { name: 'lxc1', driver: 'lxc' }], vms });
    const { told } = await document();
    expect(told.domains.map(({ domain }) => domain).sort()).toEqual(['one-1', 'one-5', 'one-6']);
    expect(told.hosts.map(({ host, cluster }) => [host, cluster])).toEqual([
      ['gone', null],
      ['kvm1', 'default'],
    ]);
  });

  test.each([
    ['refuses', "refuses: [one.vmpool.monitoring] User couldn't be authenticated"],
    ['half', 'does not answer as oned does'],
    ['nonsense', 'does not answer as oned does'],
    ['error', 'it answers 502 Bad Gateway'],
  ] as const)('an oned that %s: every VM is undecided, and it is said why', async (answering, why) => {
    opennebula.answering = answering;
    const { exit, told } = await document();
    expect([exit, told.totals]).toEqual([2, { blocked: 0, undecided: 10, repairable: 0, safe: 0 }]);
    expect(told.doubts.join()).toContain(why);
  });

  test('lists that are cut off, or are no lists, or cannot be had', async () => {
    const whole = vmPoolXml(fleet());
    opennebula.lists({ onevm: whole.slice(0, whole.length / 2) });
    const cut = await document();
    expect([cut.exit, cut.told.domains]).toEqual([2, []]);
    expect(cut.told.doubts.join()).toMatch(/^the VMs cannot be listed: .* line \d+: /);
    opennebula.lists({ onehost: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', onevm: undefined });
    const { exit, stdout, stderr } = await audit();
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/line 1: a document type is not accepted.*onevm is not installed here/);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

test('--diff tells what changed since, worse ones first', async () => {
  const before = [vm(1), vm(2), vm(3), vm(4)];
  opennebula.holds({ hosts: [{ name: 'kvm1' }, { name: 'kvm2' }], vms: before });
  const old = scratch('old.json', (await audit('--json')).stdout);
  const broken = {
    verdict: 'repairable',
    blockState: 'healthy',
    reason: 'a reason',
    time: new Date(now),
  } as const;
  opennebula.holds({
    hosts: [{ name: 'kvm1' }, { name: 'kvm2' }],
    vms: [vm(1), vm(2, { said: broken }), vm(3, { host: 'kvm2' }), vm(5)],
  });
  const { told } = await document('--diff', old);
  expect(told.changes?.map(({ kind, domain }) => [kind, domain])).toEqual([
    ['worse', 'one-2'],
    ['new', 'one-5'],
    ['moved', 'one-3'],
    ['gone', 'one-4'],
  ]);
  expect((await audit('--diff', old)).stdout).toContain(
    'worse  one-2 vm2: safe on kvm1 -> repairable on kvm1: a reason\n',
  );
  for (const [text, why] of [
    ['{', 'it is no JSON'],
    ['[]', 'it has no list "domains"'],
    ['{"domains":[{"domain":"one-1"}]}', 'domains[0] is no VM of an audit'],
  ] as const) {
    const { exit, stderr } = await audit('--diff', scratch('bad.json', text));
    expect(exit).toBe(64);
    expect(stderr).toContain(why);
  }
  expect(readFileSync(old, 'utf8')).toContain('"one-1"');
});

test('a page and metrics are written whole, and a file that cannot be written is said', async () => {
  const [page, metrics] = ['risk.html', 'guard.prom'].map((name) => scratch(name, 'old')) as [string, string];
  const directory = join(built.directory, 'open');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const [own, ownMetrics] = [join(directory, 'risk.html'), join(directory, 'guard.prom')];
  const { exit, stdout } = await audit('--html', own, '--prometheus', ownMetrics, '--verdict', 'safe');
  expect(exit).toBe(1);
  expect(stdout).toContain('10 VMs on 3 hosts');
  // Whatever is listed, both tell of all.
  expect(readFileSync(own, 'utf8')).toMatch(/^<!doctype html>[^]*one-101[^]*<\/html>\n?$/i);
  expect(readFileSync(ownMetrics, 'utf8')).toContain(
    'migrate_guard_vms{host="kvm2",verdict="repairable"} 1\n',
  );
  expect(readdirSync(directory).sort()).toEqual(['guard.prom', 'risk.html']);
  if (process.geteuid?.() !== 0) return;
  for (const words of [
    ['--html', page],
    ['--prometheus', metrics],
  ]) {
    const { exit: status, stderr } = await audit(...words);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/cannot be written: EACCES\n {2}-> /)]);
    expect(readFileSync(words[1] ?? '', 'utf8')).toBe('old');
  }
});
