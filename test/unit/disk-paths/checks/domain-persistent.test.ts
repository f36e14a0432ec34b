import { report } from '../../../../src/disk-paths/check';
import { aDomain, domainFacts } from '../../../support/factories';

test('OpenNebula#7770: a note for a migration, with the remedy', () => {
  const { verdict, findings } = report(domainFacts({ domain: aDomain({ isPersistent: true }) }));
  expect(verdict).toBe('safe');
  expect(findings.find(({ check }) => check === 'domain-persistent')).toMatchObject({
    state: 'ok',
    note: true,
    affects: ['storage-move'],
    remedy: 'virsh undefine one-310 --keep-nvram (the VM continues to run)',
  });
});

test('a domain without a definition has no such finding', () => {
  const { findings } = report(domainFacts());
  expect(findings.map(({ check }) => check)).not.toContain('domain-persistent');
});
