import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { renderMetrics } from '../../src/fleet/prometheus';
import { makeFleet } from '../support/fake-fleet/fake-fleet';

const docs = join(__dirname, '../../docs');
const rulesFile = join(docs, 'prometheus/migrate-guard.rules.yml');

/** The output of promtool, and its exit status. */
function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  if (error) throw error;
  return { status, said: `${stdout}${stderr}` };
}

const fleet = makeFleet({ vms: 200, hosts: 10, trouble: 0.3, silentHosts: 1 });
const host = fleet.hosts[0]?.host ?? '';
const [since, last] = ['2026-11-22T02:00:00.000Z', '2026-11-22T02:10:00.000Z'];
const notRun = { host, count: 2, since, last, why: 'sudo refuses', ranSince: null };
const watched = fleet.hosts.map((one) => ({ ...one, watcher: { up: true, repaired: 1, wrote: last } }));
const metrics = renderMetrics({ ...fleet, hosts: watched, guardsNotRun: [notRun] }, '1.2.3');
const printed = [...metrics.matchAll(/^# TYPE (\S+) gauge$/gm)].map(([, name]) => name);

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
  readonly panels: readonly {
    readonly title: string;
    readonly datasource: { readonly uid: string };
    readonly targets: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
  }[];
}

const rules = (parse(readFileSync(rulesFile, 'utf8')) as Rules).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(join(docs, 'grafana/migrate-guard.json'), 'utf8')) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

function namesIn(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.match(/migrate_guard_\w+/g) ?? []))].sort();
}

test.each([
  ['of an ordinary fleet', metrics],
  [
    'of names that try to be more',
    renderMetrics(makeFleet({ vms: 60, hosts: 3, trouble: 1, odd: true }), '"\\\n'),
  ],
  ['of nothing', renderMetrics({ ...makeFleet({ vms: 0, hosts: 0 }), domains: [] }, '')],
])('Prometheus reads the metrics %s, and finds no fault in their names', (_, text) => {
  expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, said: '' });
});

test('promtool reports mistakes', () => {
  expect(promtool(['check', 'metrics'], 'migrate_guard_vms{host="a"} x\n').status).not.toBe(0);
  expect(promtool(['check', 'metrics'], '# TYPE seen_total gauge\nseen_total 1\n').status).not.toBe(0);
});

test('the alerts are well-formed, and fire and end at the right time', () => {
  expect(promtool(['check', 'rules', rulesFile])).toMatchObject({ status: 0 });
  const tested = promtool(['test', 'rules', join(docs, 'prometheus/migrate-guard.rules.test.yml')]);
  expect(tested).toEqual({ status: 0, said: expect.stringContaining('SUCCESS') as string });
});

test('every alert has a test, and is in the manual', () => {
  const tests = readFileSync(join(docs, 'prometheus/migrate-guard.rules.test.yml'), 'utf8');
  const manual = readFileSync(join(docs, 'monitoring.md'), 'utf8');
  for (const { alert } of rules) {
    expect(tests).toContain(`alertname: ${alert}\n`);
    expect(manual).toContain(`\`${alert}\``);
  }
});

test('alerts, dashboard and manual name existing metrics, and the manual names all of them', () => {
  const variables = dashboard.templating.list.map(({ definition = '' }) => definition);
  expect(
    namesIn([...rules.map(({ expr }) => expr), ...queries, ...variables]).filter(
      (name) => !printed.includes(name),
    ),
  ).toEqual([]);
  expect(namesIn([readFileSync(join(docs, 'monitoring.md'), 'utf8')])).toEqual([...printed].sort());
});

test('every query of the dashboard is valid, and uses the selected data source', () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrate-guard-dashboard-'));
  try {
    const asRules = queries.map((query, index) => ({
      record: `query_${index}`,
      expr: query.replaceAll('$host', '.*'),
    }));
    const file = join(folder, 'queries.yml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] }));
    expect(promtool(['check', 'rules', file])).toMatchObject({ status: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(queries.length).toBeGreaterThan(0);
  for (const { datasource, targets } of dashboard.panels) {
    expect([datasource.uid, ...targets.map((target) => target.datasource.uid)]).toEqual([
      '${datasource}',
      '${datasource}',
    ]);
  }
});
