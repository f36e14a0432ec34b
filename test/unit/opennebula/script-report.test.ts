import { readHookReport, readLogReport } from '../../../src/opennebula/model/script-report';
import { harmless } from '../../../src/opennebula/model/template-value';
import { done, failed } from '../../../src/opennebula/model/hook-log';
import { failure, info, warning } from '../../../src/opennebula/model/vm-log';

const names = ['one-310', 'VM 310', 'one-310 on kvm1'];

test('all lines of a driver are found again, from any of its parts, without those of a mover', () => {
  const stderr = [
    'Could not migrate one-310\nWARN: something else\n',
    info('repair: /dev/x made'),
    warning('one-310: the guest stands still'),
    warning('-> virsh resume one-310'),
    warning('VM 310: another'),
    failure('one-310', { what: 'vda leads elsewhere', remedy: 'mend it' }),
  ].join('');
  expect(readLogReport(stderr, names)).toEqual({
    did: ['repair: /dev/x made'],
    warnings: ['the guest stands still -> virsh resume one-310', 'another'],
    errors: ['vda leads elsewhere -> mend it'],
  });
  expect(readLogReport(warning('-> alone'), names)).toMatchObject({ warnings: ['-> alone'] });
});

test('the result of a hook is not an action', () => {
  const stdout = done('one-310', 'repair: /dev/x made') + done('one-310', 'it can migrate');
  expect(readHookReport(stdout, '', true, names)).toEqual({
    did: ['repair: /dev/x made'],
    warnings: [],
    errors: [],
  });
  const stderr = failed('one-310 on kvm1', 'QEMU died', 'look');
  expect(readHookReport(done('one-310', 'reset: x'), stderr, false, names)).toEqual({
    did: ['reset: x'],
    warnings: [],
    errors: ['QEMU died -> look'],
  });
});

test('a value of a template, at its maximum length', () => {
  expect(harmless('a "b" [c] \\ \n é ]]>', 100)).toBe("a 'b' (c) / ? ))>");
  expect(harmless('x'.repeat(20), 10)).toBe('xxxxxxx...');
});
