import { diskAccess } from '../../../src/checks/disk-access';
import type { DomainFacts, SourceFacts } from '../../../src/core/facts';
import { diskPath as path, domainFacts, sourceFacts, withoutEvidence, qemuUser } from '../factories';

describe('disk-access', () => {
  const inspect = (changes: Partial<SourceFacts>, facts: Partial<DomainFacts> = {}, readonly = false) =>
    withoutEvidence(
      diskAccess.inspect(
        domainFacts({ sources: [sourceFacts({ ...changes, source: { readonly } })], ...facts }),
      ),
    );
  const base = { check: 'disk-access', disk: 'vda', path };

  test('allowed', () => {
    expect(inspect({})).toEqual([{ ...base, state: 'ok', what: 'QEMU (uid 9869, gid 9869) may open it' }]);
  });

  test('refused, with all groups named', () => {
    const access = { kind: 'refused', path: '/dev/sp-3', why: 'mode 0600, owner 0:0' } as const;
    expect(inspect({ access }, { credentials: { ...qemuUser, groups: [6, 9869, 36] } })).toEqual([
      {
        ...base,
        state: 'problem',
        what: 'QEMU (uid 9869, gid 9869, groups 6 36) may not open /dev/sp-3 in its mount namespace: mode 0600, owner 0:0',
        remedy: 'let uid 9869, gid 9869, groups 6 36 use /dev/sp-3, as seen in that namespace',
      },
    ]);
  });

  test('not known', () => {
    expect(inspect({ access: { unknown: 'the list could not be read' } })).toEqual([
      { ...base, state: 'unknown', what: 'the list could not be read', remedy: 'run again' },
    ]);
  });

  test('nothing to say of a disk that is not opened again', () => {
    expect(inspect({ access: { kind: 'refused', path: '/x', why: 'y' } }, {}, true)).toEqual([]);
  });
});
