import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { now, useAuditStage, vm } from './audit-stage';

/** What audit reads from files, and what it writes to them. */

const stage = useAuditStage();

function scratch(name: string, text: string): string {
  const file = join(stage.directory, name);
  writeFileSync(file, text, { mode: 0o644 });
  return file;
}

test('--diff tells what changed since, worse ones first', async () => {
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
  const { told } = await stage.document('--diff', old);
  expect(told.changes?.map(({ kind, domain }) => [kind, domain])).toEqual([
    ['worse', 'one-2'],
    ['new', 'one-5'],
    ['moved', 'one-3'],
    ['gone', 'one-4'],
  ]);
  expect((await stage.audit('--diff', old)).stdout).toContain(
    'worse  one-2 vm2: safe on kvm1 -> repairable on kvm1: a reason\n',
  );
  for (const [text, why] of [
    ['{', 'it is no JSON'],
    ['[]', 'it has no list "domains"'],
    ['{"domains":[{"domain":"one-1"}]}', 'domains[0] is no VM of an audit'],
  ] as const) {
    const { exit, stderr } = await stage.audit('--diff', scratch('bad.json', text));
    expect(exit).toBe(64);
    expect(stderr).toContain(why);
  }
  expect(readFileSync(old, 'utf8')).toContain('"one-1"');
});

test('a page and metrics are written whole, and a file that cannot be written is said', async () => {
  const [page, metrics] = ['risk.html', 'guard.prom'].map((name) => scratch(name, 'old')) as [string, string];
  const directory = join(stage.directory, 'open');
  mkdirSync(directory);
  chmodSync(directory, 0o777);
  const [own, ownMetrics] = [join(directory, 'risk.html'), join(directory, 'guard.prom')];
  const { exit, stdout } = await stage.audit('--html', own, '--prometheus', ownMetrics, '--verdict', 'safe');
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
    const { exit: status, stderr } = await stage.audit(...words);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/cannot be written: EACCES\n {2}-> /)]);
    expect(readFileSync(words[1] ?? '', 'utf8')).toBe('old');
  }
});
