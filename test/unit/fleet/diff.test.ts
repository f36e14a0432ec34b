import { compareFleets } from '../../../src/fleet/model/diff';
import { readFleet } from '../../../src/fleet/model/audit-json';
import type { FleetDomain } from '../../../src/fleet/model/fleet';
import { aFleetDomain } from '../../support/factories';

type Standing = Pick<FleetDomain, 'verdict' | 'blockState'>;

const standings = {
  halfInactive: { verdict: 'blocked', blockState: 'half-inactive' },
  stuck: { verdict: 'blocked', blockState: 'stuck' },
  blockedUnknown: { verdict: 'blocked', blockState: 'unknown' },
  blocked: { verdict: 'blocked', blockState: 'healthy' },
  undecided: { verdict: 'undecided', blockState: 'unknown' },
  undecidedPaths: { verdict: 'undecided', blockState: 'healthy' },
  repairable: { verdict: 'repairable', blockState: 'healthy' },
  safeUnknown: { verdict: 'safe', blockState: 'unknown' },
  safe: { verdict: 'safe', blockState: 'healthy' },
} as const satisfies Readonly<Record<string, Standing>>;

type Name = keyof typeof standings;

function kind(was: Standing, is: Standing): string | undefined {
  const [before, now] = [was, is].map((standing) => [aFleetDomain(standing)]);
  return compareFleets({ domains: before ?? [], hosts: null }, { domains: now ?? [], hosts: null })[0]?.kind;
}

test.each<[Name, Name, string]>([
  ['halfInactive', 'stuck', 'better'],
  ['stuck', 'halfInactive', 'worse'],
  ['blocked', 'stuck', 'worse'],
  ['stuck', 'blocked', 'better'],
  ['stuck', 'safe', 'better'],
  // The VM may still be in danger, although the state is unknown.
  ['halfInactive', 'undecided', 'unknown'],
  ['halfInactive', 'blockedUnknown', 'unknown'],
  ['stuck', 'undecided', 'unknown'],
  ['blocked', 'undecidedPaths', 'unknown'],
  // A state that was good and is now unknown is worse.
  ['safe', 'undecided', 'worse'],
  ['repairable', 'undecided', 'worse'],
  ['safe', 'safeUnknown', 'worse'],
  // A state that was unknown and is now known.
  ['undecided', 'undecidedPaths', 'better'],
  ['undecided', 'repairable', 'better'],
  ['undecided', 'stuck', 'worse'],
  ['safeUnknown', 'safe', 'better'],
  ['blockedUnknown', 'repairable', 'better'],
])('from %s to %s is %s', (was, is, said) => {
  expect(kind(standings[was], standings[is])).toBe(said);
});

test('unchanged VMs are not listed, and VMs that became unknown come before those that became better', () => {
  for (const standing of Object.values(standings)) expect(kind(standing, standing)).toBeUndefined();
  const fleet = (...all: readonly Standing[]): FleetDomain[] =>
    all.map((standing, index) => aFleetDomain({ ...standing, domain: `one-${index}` }));
  const { repairable, safe, stuck, undecided } = standings;
  const [before, now] = [fleet(repairable, stuck, safe), fleet(safe, undecided, stuck)];
  const changes = compareFleets({ domains: before, hosts: null }, { domains: now, hosts: null });
  expect(changes.map(({ domain, kind: said }) => [domain, said])).toEqual([
    ['one-2', 'worse'],
    ['one-1', 'unknown'],
    ['one-0', 'better'],
  ]);
});

test.each([
  ['a file without hosts covers everything', {}, null],
  [
    'a file without the requested hosts covers the hosts that it lists',
    { hosts: [{ host: 'kvm1' }] },
    ['kvm1'],
  ],
  ['all hosts', { hosts: [{ host: 'kvm1' }], asked: { hosts: null, cluster: null } }, null],
  ['some hosts', { hosts: [{ host: 'kvm1' }], asked: { hosts: ['kvm1'], cluster: null } }, ['kvm1']],
  ['a cluster', { hosts: [{ host: 'kvm1' }], asked: { hosts: null, cluster: 'c' } }, ['kvm1']],
  ['only this host', { source: 'here', hosts: [{ host: 'kvm1' }], asked: { hosts: null } }, ['kvm1']],
  [
    'OpenNebula listed no VMs, and its collectors know none',
    { source: 'monitoring', hosts: [{ host: 'kvm1' }], asked: { hosts: null }, vmsListed: false },
    [],
  ],
  [
    'OpenNebula listed no VMs, and one host reported its own',
    {
      source: 'hosts',
      hosts: [{ host: 'kvm1' }, { host: 'kvm2', trouble: { what: 'gone', remedy: 'ssh' } }],
      asked: { hosts: null },
      vmsListed: false,
    },
    ['kvm1'],
  ],
])('%s', (_, document, hosts) => {
  expect(readFleet(JSON.stringify({ ...document, domains: [] }))).toEqual({ domains: [], hosts });
});
