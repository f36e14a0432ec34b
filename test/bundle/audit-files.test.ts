import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainReport } from '../../src/core/finding';
import { now, useAuditStage, vm } from './audit-testbed';

/** The files that audit reads and writes. */

const stage = useAuditStage();

function scratch(name: string, text: string): string {
  const file = join(stage.directory, name);
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

test('--diff lists the changes since then, worse ones first', async () => {
  const before = [vm(1), vm(2), vm(3), vm(4)];
  stage.opennebula.holds({ hosts: [{ name: 'kvm1' }, { name: 'kvm2' }], vms: before });
  const old = scratch('old.json', (await stage.audit('--json')).stdout);
  const broken = {
    verdict: 'repairable',
    blockState: 'healthy',
    reason: 'a reason',
    time: new Date(now),
  } as const;
  stage.opennebula.holds({
    hosts: [{ name: 'kvm1' }, { name: 'kvm2' }],
    vms: [vm(1), vm(2, { said: broken }), vm(3, { host: 'kvm2' }), vm(5)],
  });
  const { reported } = await stage.document('--diff', old);
  expect(reported.changes?.map(({ kind, domain }) => [kind, domain])).toEqual([
    ['worse', 'one-2'],
    ['new', 'one-5'],
    ['moved', 'one-3'],
    ['gone', 'one-4'],
  ]);
  expect((await stage.audit('--diff', old)).stdout).toContain(
    'worse   one-2 vm2: safe on kvm1 -> repairable on kvm1: a reason\n',
  );
  for (const [text, why] of [
    ['{', 'it is not JSON'],
    ['[]', 'it has no list "domains"'],
    ['{"domains":[{"domain":"one-1"}]}', 'domains[0] is not a VM of an audit'],
    ['{"domains":[],"asked":{"verdicts":["safe"]}}', 'it lists the VMs of some verdicts only'],
  ] as const) {
    const { exit, stderr } = await stage.audit('--diff', scratch('bad.json', text));
    expect(exit).toBe(64);
    expect(stderr).toContain(why);
  }
  expect(readFileSync(old, 'utf8')).toContain('"one-1"');
});

test('a host without a recent report of any VM has not answered, and the alert on it can fire', async () => {
  const old = {
    verdict: 'safe',
    blockState: 'healthy',
    reason: '',
    time: new Date(now - 16 * 60_000),
  } as const;
  const vms = [
    // kvm1 has one VM with a report and one without.
    vm(1),
    { id: 2, name: 'silent', host: 'kvm1' },
    // On kvm2: a report that is too old, no report, and an invalid report.
    vm(3, { host: 'kvm2', said: old }),
    { id: 4, name: 'never', host: 'kvm2' },
    vm(5, { host: 'kvm2', said: { ...old, verdict: '<b>' as 'safe', time: new Date(now) } }),
  ];
  // kvm3 has no VM.
  stage.opennebula.holds({ hosts: ['kvm1', 'kvm2', 'kvm3'].map((name) => ({ name })), vms });
  const directory = join(stage.directory, 'answered');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const metrics = join(directory, 'guard.prom');
  const answered = (): string[] =>
    readFileSync(metrics, 'utf8')
      .split('\n')
      .flatMap(
        (line) => /^migrate_guard_host_answered\{host="(.*)"\} (.*)$/.exec(line)?.slice(1).join(' ') ?? [],
      );
  const { exit, reported } = await stage.document('--prometheus', metrics);
  expect([exit, reported.doubts, answered()]).toEqual([2, [], ['kvm1 1', 'kvm2 0', 'kvm3 1']]);
  expect(reported.hosts.flatMap(({ trouble }) => trouble ?? [])).toEqual([
    {
      what: 'kvm2: its probe has reported none of its VMs for 15 min, or nothing that can be read',
      remedy: 'migrate-guard doctor --host kvm2',
    },
  ]);
  expect((await stage.audit()).stdout).toContain('  -> migrate-guard doctor --host kvm2\n');
  // OpenNebula's monitoring cannot be read: that is not the fault of a host.
  stage.opennebula.answering = 'error';
  const unread = await stage.document('--prometheus', metrics);
  expect([unread.exit, unread.reported.doubts.length, answered()]).toEqual([
    2,
    1,
    ['kvm1 1', 'kvm2 1', 'kvm3 1'],
  ]);
});

describe('--diff with only some hosts, or some verdicts', () => {
  const hosts = ['kvm1', 'kvm2', 'kvm3'].map((name) => ({ name }));
  const changes = async (...words: readonly string[]): Promise<readonly (readonly string[])[] | undefined> =>
    (await stage.document(...words)).reported.changes?.map(({ kind, domain }) => [kind, domain]);

  test('the VMs of a host that was not in both audits are not compared, and a VM that was seen twice is', async () => {
    stage.opennebula.holds({ hosts, vms: [vm(1), vm(2, { host: 'kvm2' }), vm(3, { host: 'kvm3' }), vm(4)] });
    const full = scratch('full.json', (await stage.audit('--json')).stdout);
    const some = scratch('some.json', (await stage.audit('--json', '--hosts', 'kvm2')).stdout);
    const cluster = scratch('cluster.json', (await stage.audit('--json', '--cluster', 'default')).stdout);
    expect(JSON.parse(readFileSync(some, 'utf8'))).toMatchObject({
      asked: { hosts: ['kvm2'], cluster: null, verdicts: null },
    });
    expect(await changes('--hosts', 'kvm2', '--diff', full)).toEqual([]);
    expect(await changes('--diff', some)).toEqual([]);
    expect(await changes('--diff', cluster)).toEqual([]);

    const vms = [vm(1), vm(3, { host: 'kvm2' }), vm(5, { host: 'kvm2' }), vm(6, { host: 'kvm4' })];
    stage.opennebula.holds({ hosts: [...hosts, { name: 'kvm4' }], vms });
    const onKvm2 = [
      ['new', 'one-5'],
      ['moved', 'one-3'],
      ['gone', 'one-2'],
    ];
    expect(await changes('--hosts', 'kvm2', '--diff', full)).toEqual(onKvm2);
    // The file does not contain one-3, which may have come from a host that was not in that audit.
    expect(await changes('--diff', some)).toEqual([
      ['new', 'one-3'],
      ['new', 'one-5'],
      ['gone', 'one-2'],
    ]);
    // Both audits covered all hosts, and kvm4 is new.
    expect(await changes('--diff', full)).toEqual([
      ['new', 'one-5'],
      ['new', 'one-6'],
      ['moved', 'one-3'],
      ['gone', 'one-2'],
      ['gone', 'one-4'],
    ]);
    // An older release wrote the file, without the hosts that were asked for: it covers the hosts that it lists.
    const { asked, ...older } = JSON.parse(readFileSync(full, 'utf8')) as Record<string, unknown>;
    expect(asked).toEqual({ hosts: null, cluster: null, verdicts: null });
    expect(await changes('--diff', scratch('older.json', JSON.stringify(older)))).toEqual([
      ['new', 'one-5'],
      ['moved', 'one-3'],
      ['gone', 'one-2'],
      ['gone', 'one-4'],
    ]);
  });

  test('if OpenNebula did not list its VMs in one of the audits, none is gone or new; reports of hosts are compared', async () => {
    const report = (id: number): DomainReport => ({
      domain: `one-${id}`,
      pid: 1000 + id,
      verdict: 'safe',
      blockState: 'healthy',
      findings: [],
      plan: [],
    });
    stage.opennebula.holds({ hosts, vms: [vm(1), vm(2, { host: 'kvm2' }), vm(3)] });
    stage.hosts.tell({
      kvm1: { domains: [report(1), report(3)] },
      kvm2: { domains: [report(2)] },
      kvm3: { domains: [] },
    });
    const full = scratch('full.json', (await stage.audit('--json')).stdout);
    stage.opennebula.lists({ onevm: undefined });
    const { exit, stdout } = await stage.audit('--json', '--diff', full);
    expect([exit, (JSON.parse(stdout) as { changes: unknown }).changes]).toEqual([2, []]);
    const unlisted = scratch('unlisted.json', stdout);
    // kvm2 does not answer.
    stage.hosts.tell({ kvm1: { domains: [report(1)] }, kvm3: { domains: [] } });
    expect(await changes('--live', '--diff', full)).toEqual([['gone', 'one-3']]);
    stage.opennebula.holds({ hosts, vms: [vm(1), vm(2, { host: 'kvm2' })] });
    expect(await changes('--diff', unlisted)).toEqual([]);
  });

  test('a list of some verdicts is refused, because a missing VM may not be new', async () => {
    const some = scratch('verdicts.json', (await stage.audit('--json', '--verdict', 'blocked')).stdout);
    const { exit, stdout, stderr } = await stage.audit('--diff', some);
    expect([exit, stdout]).toEqual([64, '']);
    expect(stderr).toContain('it lists the VMs of some verdicts only (--verdict)');
  });
});

test('a page and metrics are written completely, and a file that cannot be written is reported', async () => {
  const [page, metrics] = ['risk.html', 'guard.prom'].map((name) => scratch(name, 'old')) as [string, string];
  const directory = join(stage.directory, 'open');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const [own, ownMetrics] = [join(directory, 'risk.html'), join(directory, 'guard.prom')];
  const { exit, stdout } = await stage.audit('--html', own, '--prometheus', ownMetrics, '--verdict', 'safe');
  expect(exit).toBe(1);
  expect(stdout).toContain('10 VMs on 3 hosts');
  // The page and the metrics cover all VMs, whatever is listed on stdout.
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
    const { exit: status, stderr } = await stage.audit(...words);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/cannot be written: EACCES\n {2}-> /)]);
    expect(readFileSync(words[1] ?? '', 'utf8')).toBe('old');
  }
});
