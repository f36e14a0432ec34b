import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCloud, vmPoolXml, type Release } from '../support/fake-fleet/fake-cloud';
import { fleet, now, useAuditStage, vm } from './audit-testbed';

const stage = useAuditStage();

test.each<Release>(['6.6', '7.0'])('a thousand VMs of OpenNebula %s, worst first', async (release) => {
  stage.opennebula.holds(makeCloud(1000, 40, new Date()), release);
  const { exit, reported } = await stage.document();
  expect([exit, reported.source, reported.doubts]).toEqual([1, 'monitoring', []]);
  expect(reported.totals).toEqual({ blocked: 80, undecided: 40, repairable: 40, safe: 840 });
  expect(reported.hosts.map(({ host }) => host)).toEqual(
    Array.from({ length: 40 }, (_, index) => `kvm${index + 1}`),
  );
  const verdicts = reported.domains.map(({ verdict }) => verdict);
  expect(verdicts).toEqual([...verdicts].sort((one, other) => rank(one) - rank(other)));
  expect(reported.domains[0]).toMatchObject({
    verdict: 'blocked',
    blockState: 'stuck',
    reason: 'disable_perm is on',
  });
  expect(reported.domains.find(({ domain }) => domain === 'one-101')).toMatchObject({
    host: 'kvm2',
    vmId: 101,
    name: 'vm "1" & <co>',
    verdict: 'repairable',
    reason: 'vda: its path is missing for QEMU; run migrate-guard repair',
    findings: [{ check: 'monitoring', state: 'problem', remedy: 'on kvm2: migrate-guard repair one-101' }],
  });
  // An audit runs two commands and one call, whatever the size of the fleet; it connects to no host.
  expect(stage.opennebula.requests).toHaveLength(1);
  stage.opennebula.requests.length = 0;
});

function rank(verdict: string): number {
  return ['blocked', 'undecided', 'repairable', 'safe'].indexOf(verdict);
}

test('as text: totals, which VMs are at risk and why, and what to do next', async () => {
  const { exit, stdout } = await stage.audit();
  expect(exit).toBe(1);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe(
    "10 VMs on 3 hosts, as reported by OpenNebula's collectors: 2 blocked, 1 undecided, 1 repairable, 6 safe; 1 stuck",
  );
  expect(lines[1]).toMatch(/^the oldest finding is \d+ (s|min) old$/);
  expect(lines[4]).toMatch(/^blocked +stuck +kvm3 +\d+ (s|min) +one-102 vm "2" & <co> +disable_perm is on$/);
  expect(lines.filter((line) => / one-1\d\d /.test(line))).toHaveLength(4);
  expect(stdout).toContain(
    'next:\n  migrate-guard reset --all --hosts kvm3\n  migrate-guard repair --all --hosts kvm2\n',
  );
  expect((await stage.audit('--verbose')).stdout.match(/ one-1\d\d /g)).toHaveLength(10);
});

test.each(['half-inactive', 'stuck'] as const)(
  'a VM that is %s must be reset, in every output',
  async (blockState) => {
    const said = { verdict: 'blocked', blockState, reason: 'its disks', time: new Date(now) } as const;
    stage.opennebula.holds({ hosts: [{ name: 'kvm2' }], vms: [vm(2, { host: 'kvm2', said })] });
    const reset = 'on kvm2: migrate-guard reset one-2';
    expect((await stage.document()).reported.domains[0]?.findings).toEqual([
      { check: 'monitoring', state: 'problem', what: 'its disks', remedy: reset },
    ]);
    const directory = join(stage.directory, `page-${blockState}`);
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    const { stdout } = await stage.audit('--html', join(directory, 'risk.html'));
    expect(stdout).toMatch(/\nnext:\n {2}migrate-guard reset --all --hosts kvm2\n$/);
    const page = readFileSync(join(directory, 'risk.html'), 'utf8');
    expect(page).toContain(`→ ${reset}</p>`);
    expect(page).toMatch(/migrate-guard reset one-2<\/code>[^]*migrate-guard explain one-2<\/code>/);
  },
);

test('only some hosts, a cluster, some verdicts; the exit status is the worst of all selected VMs', async () => {
  expect((await stage.document('--hosts', 'kvm1,kvm3')).reported.totals).toMatchObject({
    repairable: 0,
    blocked: 2,
  });
  const cluster = await stage.document('--cluster', 'storage <2>', '--verdict', 'safe');
  expect(cluster.reported.hosts).toEqual([{ host: 'kvm2', cluster: 'storage <2>' }]);
  expect(new Set(cluster.reported.domains.map(({ verdict }) => verdict))).toEqual(new Set(['safe']));
  expect([cluster.exit, cluster.reported.totals['repairable']]).toEqual([1, 1]);
  expect((await stage.document('--cluster', '101')).reported.hosts).toEqual(cluster.reported.hosts);
  stage.opennebula.holds({ hosts: [{ name: 'kvm1' }], vms: [vm(1)] });
  expect((await stage.document()).exit).toBe(0);
});

test.each([
  [['--hosts', 'kvm9'], 'OpenNebula has no KVM host kvm9'],
  [['--hosts', 'kvm1,-oProxyCommand=x'], '"-oProxyCommand=x" is not a valid host name'],
  [['--cluster', 'defualt'], 'did you mean default?'],
  [['--verdict', 'bad'], '"bad" is not a verdict'],
  [['--here', '--live'], '--here cannot be combined with --live'],
  [['--diff', '/nonexistent'], '/nonexistent cannot be read: ENOENT'],
  [['--before-relink', '/nonexistent'], 'the map /nonexistent cannot be read'],
])('%p is refused before any query', async (words, said) => {
  const { exit, stdout, stderr } = await stage.audit(...words);
  expect([exit, stdout]).toEqual([64, '']);
  expect(stderr).toContain(said);
});

describe('a state that is not certain is not safe', () => {
  test('a VM without a report of the probe, one with an old report, one with an invalid report', async () => {
    const said = { verdict: 'safe', blockState: 'healthy', reason: '' } as const;
    const vms = [
      vm(1),
      { id: 2, name: 'never', host: 'kvm1' },
      vm(3, { said: { ...said, time: new Date(now - 3 * 3600_000) } }),
      vm(4, { said: { ...said, verdict: '<b>' as 'safe', time: new Date(now) } }),
      vm(5, { said: { ...said, time: new Date(now + 3600_000) } }),
    ];
    stage.opennebula.holds({ hosts: [{ name: 'kvm1' }], vms });
    const { exit, reported } = await stage.document();
    expect(exit).toBe(2);
    const verdicts = Object.fromEntries(
      reported.domains.map(({ domain, verdict, reason }) => [domain, [verdict, reason]]),
    );
    expect(verdicts).toEqual({
      'one-1': ['safe', ''],
      'one-2': ['undecided', 'the probe on kvm1 has never reported it'],
      'one-3': ['undecided', 'the report of the probe on kvm1 is too old: safe, 3 h ago'],
      'one-4': ['undecided', 'the report of the probe on kvm1 cannot be read'],
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
    stage.opennebula.holds({ hosts: [{ name: 'kvm1' }, { name: 'lxc1', driver: 'lxc' }], vms });
    const { reported } = await stage.document();
    expect(reported.domains.map(({ domain }) => domain).sort()).toEqual(['one-1', 'one-5', 'one-6']);
    expect(reported.hosts.map(({ host, cluster }) => [host, cluster])).toEqual([
      ['gone', null],
      ['kvm1', 'default'],
    ]);
  });

  test.each([
    ['refuses', "refuses: [one.vmpool.monitoring] User couldn't be authenticated"],
    ['half', 'does not answer as oned does'],
    ['nonsense', 'does not answer as oned does'],
    ['error', 'it answers 502 Bad Gateway'],
  ] as const)('an oned that %s: every VM is undecided, with the reason', async (answering, why) => {
    stage.opennebula.answering = answering;
    const { exit, reported } = await stage.document();
    expect([exit, reported.totals]).toEqual([2, { blocked: 0, undecided: 10, repairable: 0, safe: 0 }]);
    expect(reported.doubts.join()).toContain(why);
  });

  test('lists that are cut off, invalid or not available', async () => {
    const whole = vmPoolXml(fleet());
    stage.opennebula.lists({ onevm: whole.slice(0, whole.length / 2) });
    const cut = await stage.document();
    expect([cut.exit, cut.reported.domains]).toEqual([2, []]);
    expect(cut.reported.doubts.join()).toMatch(/^the VMs cannot be listed: .* line \d+: /);
    stage.opennebula.lists({ onehost: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', onevm: undefined });
    const { exit, stdout, stderr } = await stage.audit();
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/line 1: a document type is not accepted.*onevm is not installed here/);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
