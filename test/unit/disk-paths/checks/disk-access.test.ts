import { diskAccess } from '../../../../src/disk-paths/checks/disk-access';
import type { DomainFacts, SourceFacts } from '../../../../src/disk-paths/model/facts';
import {
  aDevice,
  diskPath as path,
  domainFacts,
  sourceFacts,
  withoutEvidence,
  qemuUser,
} from '../../../support/factories';

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
    const access = { kind: 'refused', path: '/dev/sp-3', why: { what: 'mode 0600, owner 0:0' } } as const;
    expect(inspect({ access }, { credentials: { ...qemuUser, groups: [6, 9869, 36] } })).toMatchObject([
      {
        ...base,
        state: 'problem',
        what: 'QEMU (uid 9869, gid 9869, groups 6 36) may not open /dev/sp-3 in its mount namespace: mode 0600, owner 0:0',
        remedy: 'let uid 9869, gid 9869, groups 6 36 use /dev/sp-3, as seen in that namespace',
      },
    ]);
  });

  test('unknown', () => {
    expect(inspect({ access: { unknown: 'the list could not be read', remedy: 'run again' } })).toMatchObject(
      [{ ...base, state: 'unknown', what: 'the list could not be read', remedy: 'run again' }],
    );
  });

  describe('for a read-only disk', () => {
    const access = { kind: 'refused', path: '/x', why: { what: 'y' } } as const;
    const held = (writable?: boolean) => ({
      open: [writable === undefined ? aDevice('252:3') : { ...aDevice('252:3'), writable }],
    });

    test('no finding for a file that is not reopened', () => {
      expect(inspect({ access }, held(false), true)).toEqual([]);
      expect(inspect({}, held(false), true)).toEqual([]);
    });

    test('a problem of a file that QEMU still holds for writing', () => {
      expect(inspect({ access }, held(true), true)).toMatchObject([{ state: 'problem' }]);
      expect(inspect({}, held(true), true)).toMatchObject([{ state: 'ok' }]);
    });

    test('unknown if it is unknown whether QEMU reopens the file, and that matters', () => {
      expect(inspect({}, held(), true)).toEqual([]);
      expect(inspect({ access }, held(), true)).toMatchObject([
        {
          ...base,
          state: 'unknown',
          what: 'QEMU (uid 9869, gid 9869) may not open /x in its mount namespace: y, and whether QEMU opens this disk again to migrate is unknown: how QEMU opened it was not read',
          remedy: 'run again',
        },
      ]);
    });
  });
});
