import { createHash } from 'node:crypto';
import { renderPage } from '../../../../src/fleet/page/page';
import { firstDifference } from '../../../../src/fleet/page/path-comparison';
import type { FleetReport } from '../../../../src/fleet/model/fleet';
import { makeFleet } from '../../../support/fake-fleet/fake-fleet';
import { aFleetDomain } from '../../../support/factories';
import { readPage, textsOf, type PageElement } from './read-page';

const time = '2026-11-22T23:59:00.000Z';
const silent = { what: 'ssh gave up after 10 s', remedy: 'see whether kvm2 is up' };
const path = '/var/lib/one//datastores/0/310/disk.0';

const repairable = aFleetDomain({
  domain: 'one-311',
  verdict: 'repairable',
  reason: '/dev/x is missing',
  findings: [
    { check: 'disk-device', state: 'ok', disk: 'vda', path, what: 'the path leads to what QEMU holds open' },
    {
      check: 'disk-path',
      state: 'problem',
      disk: 'vda',
      path,
      what: '/dev/x is missing',
      remedy: 'migrate-guard repair one-311',
      evidence: {
        host: ['/a -> /dev/x/l', '/dev/x/l -> ../n', '/dev/n: block device 252:3'],
        namespace: ['/a -> /dev/x/l', '/dev/x: missing'],
        device: '252:3',
        open: '252:3',
      },
    },
  ],
  plan: [{ step: 'make-directory', path: '/dev/x', mode: 0o755, uid: 0, gid: 0 }],
});

function aReport(changes: Partial<FleetReport> = {}): FleetReport {
  const hosts = [{ host: 'kvm1', cluster: 'c' }];
  return {
    host: 'frontend',
    time,
    source: 'hosts',
    hosts,
    domains: [aFleetDomain()],
    doubts: [],
    vmsListed: true,
    ...changes,
  };
}

async function read(report: FleetReport): Promise<PageElement[]> {
  return readPage(renderPage(report, '1.2.3'));
}

const withClass = (page: readonly PageElement[], name: string): PageElement[] =>
  page.filter(({ attributes }) => attributes.class?.split(' ').includes(name) === true);

test.each<[string, Partial<FleetReport>]>([
  ['The only VM can be moved', {}],
  ['All 2 VMs can be moved', { domains: [aFleetDomain(), aFleetDomain({ domain: 'one-2' })] }],
  ['1 of 2 VMs cannot be moved safely', { domains: [aFleetDomain(), repairable] }],
  // Its paths are safe; its block state is not.
  ['1 of 1 VM cannot be moved safely', { domains: [aFleetDomain({ blockState: 'stuck' })] }],
  ['No VM runs here', { domains: [] }],
  ['No VM is known to be at risk, but not everything is known', { doubts: ['who knows'] }],
  [
    'No VM is known to be at risk, but not everything is known',
    { domains: [], hosts: [{ host: 'kvm2', cluster: null, trouble: silent }] },
  ],
])('the page begins with: %s', async (headline, changes) => {
  expect(textsOf(await read(aReport(changes)), 'h1')).toEqual([headline]);
});

test('sums, time, source, age of the oldest finding, and unknowns', async () => {
  const hosts = [
    { host: 'kvm1', cluster: 'c' },
    { host: 'kvm2', cluster: null, trouble: silent },
  ];
  const domains = [
    aFleetDomain(),
    repairable,
    aFleetDomain({ verdict: 'undecided', seen: null, domain: 'one-9' }),
  ];
  const page = await read(aReport({ hosts, domains, doubts: ['OpenNebula told of no VM'] }));
  expect(textsOf(page, 'dt').map((name, index) => [name, textsOf(page, 'dd')[index]])).toEqual([
    ['× blocked', '0'],
    ['? undecided', '1'],
    ['R repairable', '1'],
    ['✓ safe', '1'],
    ['H half-inactive', '0'],
    ['S stuck', '0'],
    ['P not-resumed', '0'],
    ['oldest finding', '5 min'],
  ]);
  expect(textsOf(page, 'header')[0]).toContain(
    'Checked 2026-11-22 23:59:00 UTC from frontend, by asking the hosts: 3 VMs on 2 hosts.',
  );
  const [unknowns] = withClass(page, 'unknowns');
  expect(unknowns?.text).toContain('OpenNebula told of no VM');
  expect(unknowns?.text).toContain(`kvm2: ${silent.what}→ ${silent.remedy}`);
  expect(unknowns?.text).toContain('1 VM never checked');
});

test('a VM with a problem: findings, plan, both views with the first hop that differs', async () => {
  const page = await read(aReport({ domains: [aFleetDomain(), repairable] }));
  const [trouble] = withClass(page, 'trouble');
  expect(trouble?.text).toContain(`problem vda ${path}/dev/x is missing→ migrate-guard repair one-311`);
  expect(trouble?.text).not.toContain('leads to what QEMU holds open');
  expect(withClass(page, 'plan').map(({ text }) => text)).toEqual([
    'make directory /dev/x (owner 0:0, mode 0755)',
  ]);
  expect(withClass(page, 'hop').map(({ text }) => text)).toEqual([
    '/a→ /dev/x/l=/a→ /dev/x/l',
    '/dev/n: block device 252:3the path has ended',
  ]);
  expect(withClass(page, 'differs').map(({ text }) => text)).toEqual([
    '/dev/x/l→ ../n≠ first difference✕ /dev/x: missing',
  ]);
});

test('the first difference of two views: another notation of a target by libvirt is not one', () => {
  const host = ['/a -> /dev/x/l', '/dev/x/l -> ../n', '/dev/n: block device 252:3'];
  expect(
    firstDifference(host, ['/a -> /dev/x/l', '/dev/x/l -> /dev/x/../n', '/dev/n: block device 252:3']),
  ).toBe(3);
  expect(firstDifference(host, ['/a -> /dev/x/l', '/dev/x/l -> ../m', '/dev/n: block device 252:3'])).toBe(1);
  expect(firstDifference(host, [...host, 'more'])).toBe(3);
  expect(firstDifference([], ['/a: missing'])).toBe(0);
});

test('the commands: urgent ones first, each with its host, and nothing that a shell could misinterpret', async () => {
  const domains = [
    repairable,
    aFleetDomain({ domain: 'one-1', blockState: 'half-inactive', verdict: 'blocked' }),
    aFleetDomain({ domain: 'one-2', blockState: 'stuck', verdict: 'blocked', host: 'kvm2' }),
    aFleetDomain({ domain: 'one-3', blockState: 'stuck', verdict: 'blocked', host: 'kvm2' }),
    aFleetDomain({ domain: '$(reboot)', blockState: 'stuck', verdict: 'repairable', host: 'kvm3' }),
    aFleetDomain({ domain: 'one-4', verdict: 'repairable', host: 'kvm;reboot' }),
    aFleetDomain({ domain: 'one-5', verdict: 'blocked', host: 'kvm2' }),
  ];
  const page = await read(aReport({ domains }));
  const [steps] = withClass(page, 'steps');
  expect(steps?.text).toBe(
    'Give QEMU its disks backmigrate-guard reset --all --hosts kvm1,kvm2' +
      'Make the links that are missingmigrate-guard repair --all --hosts kvm1' +
      'See why a VM is blocked, on kvm2migrate-guard explain one-5',
  );
  expect(withClass(page, 'command').filter(({ text }) => /reboot/.test(text))).toEqual([]);
  const here = await read(aReport({ domains: [repairable], source: 'here' }));
  expect(withClass(here, 'command').map(({ text }) => text)).toEqual([
    'migrate-guard repair --all',
    'migrate-guard repair one-311 --dry-run',
    'migrate-guard repair one-311',
    'migrate-guard explain one-311',
  ]);
});

test('VMs on a QEMU that a failed migration leaves without its disks are counted, and marked in the table', async () => {
  const domains = [
    aFleetDomain({ domain: 'one-1', affected: 'yes' }),
    aFleetDomain({ domain: 'one-2', affected: 'no' }),
    aFleetDomain({ domain: 'one-3' }),
  ];
  const page = await read(aReport({ domains }));
  expect(textsOf(page, 'header')[0]).toContain(
    '3 VMs on 1 host; 1 on an affected QEMU, 1 on a QEMU that may be affected.',
  );
  expect(textsOf(page, 'tbody').map((text) => text.includes('healthy on an affected QEMU'))).toEqual([
    true,
    false,
    false,
  ]);
});

test('a VM that waits for its resume: inspect shows it, and nothing is reset', async () => {
  const waiting = aFleetDomain({ domain: 'one-6', verdict: 'blocked', blockState: 'not-resumed' });
  const page = await read(aReport({ domains: [waiting], source: 'here' }));
  const commands = withClass(page, 'command').map(({ text }) => text);
  expect(commands).toEqual([
    'migrate-guard inspect one-6',
    'migrate-guard inspect one-6',
    'migrate-guard explain one-6',
  ]);
  expect(withClass(page, 'steps')[0]?.text).toContain('See why a VM is blocked');
  const [cell] = page.filter(({ name, attributes }) => name === 'a' && attributes.class?.startsWith('mark'));
  expect(cell?.attributes['aria-label']).toMatch(/: blocked, not-resumed$/);
});

test('the map has every VM once, below its host, and leads to it', async () => {
  const fleet = makeFleet({ vms: 50, hosts: 12, trouble: 0.3 });
  const page = await read(fleet);
  const ids = page.flatMap(({ attributes }) => attributes.id ?? []);
  const cells = page.filter(({ name, attributes }) => name === 'a' && attributes.class?.startsWith('mark'));
  expect(cells).toHaveLength(50);
  expect(cells.filter(({ attributes }) => !ids.includes(attributes.href?.slice(1) ?? ''))).toEqual([]);
  expect(cells.map(({ attributes }) => attributes['aria-label']).sort()).toEqual(
    fleet.domains
      .map(({ domain, name, verdict, blockState }) => {
        const state = ['stuck', 'half-inactive', 'not-resumed'].includes(blockState) ? `, ${blockState}` : '';
        return `${domain} ${name ?? ''}: ${verdict}${state}`;
      })
      .sort(),
  );
  expect(textsOf(page, 'h3')).toEqual(['cluster-1', 'cluster-2']);
});

test('only the page’s own script and stylesheet may run, and nothing may be loaded', () => {
  const page = renderPage(aReport(), '');
  const hash = (element: string): string => {
    const text = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page)?.[1] ?? '';
    return createHash('sha256').update(text).digest('base64');
  };
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
  expect(policy).toBe(
    `default-src 'none'; style-src 'sha256-${hash('style')}'; script-src 'sha256-${hash('script')}'; base-uri 'none'; form-action 'none'`,
  );
});

test('a fleet of a thousand VMs stays below one megabyte', () => {
  expect(Buffer.byteLength(renderPage(makeFleet({ vms: 1000, hosts: 40 }), ''))).toBeLessThan(2 ** 20);
});

test('the same report gives the same page', () => {
  const options = { vms: 40, hosts: 4, trouble: 0.5, odd: true };
  expect(renderPage(makeFleet(options), '')).toBe(renderPage(makeFleet(options), ''));
});
