import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetReport } from '../../src/fleet/model/fleet';
import { keepEntry } from '../../src/opennebula/record-file';
import { aRecordEntry } from '../support/factories';
import { now, useAuditStage } from './audit-testbed';

/** An audit of the cloud shows the front-end's record of what was done for VMs. */

const stage = useAuditStage();
const nobody = 65534;

/** This directory replaces /var/lib/one/migrate-guard. */
const location = (): string => join(stage.directory, 'one');
const directory = (): string => join(location(), 'var/migrate-guard');

function ago(minutes: number): string {
  return new Date(now - minutes * 60_000).toISOString();
}

const cannotRun = { guard: 'could-not-run', why: 'sudo refuses', source: 'kvm2' } as const;

beforeEach(() => {
  mkdirSync(join(location(), 'var'), { recursive: true });
  const kept = [
    aRecordEntry({ vmId: 101, time: ago(90), ...cannotRun }),
    aRecordEntry({ vmId: 102, time: ago(60), source: 'kvm3', did: ['repair: /dev/sp made'] }),
    aRecordEntry({ vmId: 104, time: ago(30), ...cannotRun, result: 'refused', exit: 2 }),
    aRecordEntry({ vmId: 105, time: ago(5), source: 'kvm3', destination: 'kvm1' }),
    // One entry is too old to count, and one is of a host that OpenNebula no longer has.
    aRecordEntry({ vmId: 106, time: ago(8 * 24 * 60), ...cannotRun, source: 'kvm1' }),
    aRecordEntry({ vmId: 107, time: ago(9), ...cannotRun, source: 'gone' }),
  ];
  for (const entry of kept) expect(keepEntry(directory(), entry)).toBeUndefined();
  const all = [directory(), ...readdirSync(directory()).map((name) => join(directory(), name))];
  if (process.geteuid?.() === 0) for (const path of all) chownSync(path, nobody, nobody);
});
afterEach(() => rmSync(location(), { recursive: true }));

function audit(...words: readonly string[]) {
  return stage.command(['audit', ...words], { ONE_LOCATION: location() });
}

test('for each VM the last action, for each host the guards that could not run', async () => {
  const { stdout } = await audit('--json');
  const reported = JSON.parse(stdout) as FleetReport;
  expect(reported.doubts).toEqual([]);
  expect(reported.guardsNotRun).toEqual([
    { host: 'kvm2', count: 2, since: ago(90), last: ago(30), why: 'sudo refuses', ranSince: null },
  ]);
  const last = new Map(reported.domains.map((domain) => [domain.vmId, domain.last]));
  expect(last.get(102)).toMatchObject({ source: 'kvm3', guard: 'ran', did: ['repair: /dev/sp made'] });
  expect(last.get(104)).toMatchObject({ source: 'kvm2', guard: 'could-not-run', result: 'refused', exit: 2 });
  expect(last.get(103)).toBeUndefined();
});

test('as text, for Prometheus, and on the page', async () => {
  const [metrics, page] = [join(stage.directory, 'guards.prom'), join(stage.directory, 'guards.html')];
  chmodSync(stage.directory, 0o777);
  const { stdout } = await audit('--verbose', '--prometheus', metrics, '--html', page);
  const what = `kvm2: 2 guards could not run since ${minute(90)}, the last one at ${minute(30)}: sudo refuses; none has run there since`;
  expect(stdout).toContain(`${what}\n  -> migrate-guard doctor --host kvm2\n`);
  expect(stdout).toMatch(
    /\ndone last:\n(.*\n)* {2}one-102, 1 h ago: migrate, kvm3 to kvm2: done: repair: \/dev\/sp made\n/,
  );
  // A healthy VM that was moved is not listed.
  expect(stdout).not.toContain('one-105, ');
  expect(readFileSync(page, 'utf8')).toContain(what);
  const lines = readFileSync(metrics, 'utf8').split('\n');
  for (const [host, count] of [
    ['kvm1', 0],
    ['kvm2', 2],
    ['kvm3', 0],
  ] as const)
    expect(lines).toContain(`migrate_guard_guards_not_run{host="${host}"} ${count}`);
  const last = lines.filter((line) => line.startsWith('migrate_guard_last_guard_not_run_timestamp_seconds{'));
  expect(last).toEqual([
    `migrate_guard_last_guard_not_run_timestamp_seconds{host="kvm2"} ${Date.parse(ago(30)) / 1000}`,
  ]);
});

test('a record that cannot be read is a doubt, and has no count', async () => {
  if (process.geteuid?.() !== 0) return;
  chownSync(directory(), 0, 0);
  const { stdout } = await audit('--json');
  const reported = JSON.parse(stdout) as FleetReport;
  expect(reported.doubts).toEqual([`what was done for VMs cannot be read in ${directory()}: EACCES`]);
  expect(reported.guardsNotRun).toBeUndefined();
});

function minute(minutes: number): string {
  return `${ago(minutes).slice(0, 16).replace('T', ' ')} UTC`;
}
