import { printable } from '../../../src/cli/escape';
import { renderReport } from '../../../src/cli/render-report';
import { renderExplained } from '../../../src/disk-paths/render-explain';
import type { DomainReport, Finding } from '../../../src/core/finding';
import type { Step } from '../../../src/core/repair-step';
import fc from '../../support/seeded-fast-check';

const owned = { uid: 0, gid: 6, mode: 0o660 };
const report: DomainReport = {
  domain: 'one-310',
  pid: 7,
  verdict: 'repairable',
  blockState: 'unknown',
  findings: [
    {
      check: 'disk-device',
      state: 'ok',
      disk: 'vda',
      path: '/a',
      what: 'the path leads to what QEMU holds open',
    },
    {
      check: 'disk-path',
      state: 'problem',
      disk: 'vda',
      path: '/a',
      what: '/dev/x is missing',
      remedy: 'migrate-guard repair one-310',
    },
    { check: 'disk-name', state: 'unknown', what: 'QEMU could not be asked' },
    { check: 'disk-path', state: 'ok', disk: 'hda', what: 'not opened again', note: true },
  ],
  plan: [
    { step: 'make-directory', path: '/dev/x', ...owned, mode: 0o755 },
    { step: 'make-symlink', path: '/dev/x/l', target: '../n', ...owned },
    { step: 'replace-symlink', path: '/dev/l', target: 'x', was: 'y', ...owned },
    { step: 'make-node', path: '/dev/n', device: '252:3', ...owned },
  ],
};

test('a report: verdict, problems with remedies, the plan, notes last; ok findings are omitted', () => {
  expect(renderReport(report)).toBe(`one-310: repairable
  vda /a: /dev/x is missing
    -> migrate-guard repair one-310
  disk-name: QEMU could not be asked
  a repair would do:
    make directory /dev/x (owner 0:6, mode 0755)
    make link /dev/x/l -> ../n (owner 0:6)
    replace link /dev/l -> x (was y, owner 0:6)
    make block device /dev/n (252:3, owner 0:6, mode 0660)
  note: hda: not opened again
`);
});

describe('control characters', () => {
  test.each([
    ['\x1b[2J', '\\x1b[2J'],
    ['a\nb\tc', 'a\\x0ab\\x09c'],
    ['\x7f\x9b', '\\x7f\\x9b'],
    ['höst 日本', 'höst 日本'],
  ])('%j is shown as %s', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test('never reach the terminal, in any field', () => {
    // eslint-disable-next-line no-control-regex -- control characters are what must not arrive
    const control = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;
    const text = fc.string({ unit: 'binary', maxLength: 10 });
    fc.assert(
      fc.property(text, text, text, text, (domain, path, what, target) => {
        const finding: Finding = {
          check: 'disk-path',
          state: 'problem',
          disk: what,
          path,
          what,
          remedy: target,
        };
        const step: Step = { step: 'replace-symlink', path, target, was: what, ...owned };
        const bad = { ...report, domain, findings: [finding], plan: [step] };
        const rendered = renderReport(bad);
        expect(rendered).not.toMatch(control);
        expect(rendered.split('\n')).toHaveLength(6);
        const rows = [{ host: target, namespace: what, same: false }];
        const explained = renderExplained({
          report: bad,
          ownNamespace: true,
          disks: [{ disk: domain, path, rows }],
        });
        expect(explained).not.toMatch(control);
      }),
    );
  });
});

test('the two views are side by side, and differences are marked', () => {
  const rows = [
    { host: '/a -> /dev/x', namespace: '/a -> /dev/x', same: true },
    { host: '/dev/x: block device 252:3', namespace: '/dev/x: missing', same: false },
  ];
  const safe: DomainReport = { ...report, verdict: 'safe', findings: [], plan: [] };
  expect(renderExplained({ report: safe, ownNamespace: true, disks: [{ disk: 'vda', path: '/a', rows }] }))
    .toBe(`vda  /a
    host                         QEMU's mount namespace
    /a -> /dev/x                 /a -> /dev/x
  ! /dev/x: block device 252:3   /dev/x: missing

one-310: safe
`);
});
