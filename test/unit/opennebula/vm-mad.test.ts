import { failureOf } from '../../../src/core/errors';
import { readVectors } from '../../../src/opennebula/model/oned-conf';
import {
  earlierMovers,
  guardedDrivers,
  hasAnyGuard,
  hasGuards,
  kvmArguments,
  withGuards,
  withoutGuards,
} from '../../../src/opennebula/model/vm-mad';

const ours = 'migrate=migrate-guard,save=save-guard';

describe('ARGUMENTS with our drivers', () => {
  test.each([
    ['no -l', '-t 15 -r 0 kvm -p', `-t 15 -r 0 kvm -p -l ${ours}`],
    ['other entries stay', '-t 15 -l deploy=deploy-x kvm', `-t 15 -l deploy=deploy-x,${ours} kvm`],
    [
      'an entry of our action is replaced in place',
      '-l deploy=deploy-tweaks,migrate=migrate-tweaks,attach_disk=a kvm -p',
      '-l deploy=deploy-tweaks,migrate=migrate-guard,attach_disk=a,save=save-guard kvm -p',
    ],
    ['one without a name, too', '-l save kvm', '-l save=save-guard,migrate=migrate-guard kvm'],
    ['in any case of letters', '-l MIGRATE=x kvm', `-l ${ours} kvm`],
    ['written together', '-lmigrate=x kvm', `-l${ours} kvm`],
    ['the long option', '--local=migrate=x -p kvm', `--local=${ours} -p kvm`],
    ['the long option and a blank', '--local migrate=x kvm', `--local ${ours} kvm`],
    ['of several options the last one counts', '-l a=b -l c=d kvm', `-l a=b -l c=d,${ours} kvm`],
    ['an option without a list', '-t 15 -l', `-t 15 -l ${ours}`],
    ['a host that ends in l is not an option', '-s dash-l kvm', `-s dash-l kvm -l ${ours}`],
  ])('%s', (_, before, after) => {
    expect(withGuards(before)).toBe(after);
    expect(withGuards(after)).toBe(after);
    expect([hasGuards(before), hasAnyGuard(before)]).toEqual([false, false]);
    expect([hasGuards(after), hasAnyGuard(after)]).toEqual([true, true]);
  });

  test('one of the two is not enough', () => {
    expect(hasAnyGuard('-l migrate=migrate-guard kvm')).toBe(true);
    expect(hasGuards('-l migrate=migrate-guard kvm')).toBe(false);
  });
});

test.each([
  ['-t 15 kvm -p', {}],
  ['-l deploy=x kvm', {}],
  [`-l ${ours} kvm`, {}],
  ['-l migrate=migrate-tweaks kvm', { migrate: 'frontend:migrate-tweaks' }],
  ['-l migrate,save kvm', { migrate: 'frontend:migrate', save: 'frontend:save' }],
  ['-l migrate=a,migrate=b kvm', { migrate: 'frontend:b' }],
  ['-l migrate=/tmp/x kvm', failureOf('problem', 'the script "/tmp/x" of migrate is not a plain name')],
  ['-l migrate=../x kvm', failureOf('problem', 'the script "../x" of migrate is not a plain name')],
])('the present script according to %j', (args, expected) => expect(earlierMovers(args)).toEqual(expected));

test.each([
  [`-t 15 kvm -p -l ${ours}`, 'migrate', '-t 15 kvm -p'],
  [`-l deploy=x,${ours} kvm`, 'migrate', '-l deploy=x kvm'],
  [`-l ${ours} kvm`, 'frontend:migrate-tweaks', '-l migrate=migrate-tweaks kvm'],
  ['-t 15 kvm', 'migrate', '-t 15 kvm'],
  ['-l MIGRATE=migrate-guard kvm', 'migrate', ' kvm'],
  ['-l save=save-guard kvm -l migrate=migrate-guard', 'migrate', ' kvm'],
])('%j without our drivers', (args, migrate, expected) => {
  expect(withoutGuards(args, { migrate, save: 'save' })).toBe(expected);
  expect(hasAnyGuard(expected)).toBe(false);
});

describe('oned.conf', () => {
  const six = [
    'PORT = 2633 # not "VM_MAD = ["',
    '#VM_MAD = [ NAME="kvm", ARGUMENTS="commented" ]',
    'VM_MAD = [',
    '    NAME           = "kvm",   # the usual one',
    '    EXECUTABLE     = "one_vmm_exec",',
    '    # ARGUMENTS    = "-t 1 kvm",',
    '    ARGUMENTS      = "-t 15 -r 0 kvm -p",',
    '    IMPORTED_VMS_ACTIONS = "terminate, hold,',
    '        resize ] , ARGUMENTS = wrong # update"',
    ']',
    'VM_MAD = [',
    '    NAME           = "qemu",',
    '    ARGUMENTS      = "-t 15 -r 0 kvm"',
    ']',
    'TM_MAD = [ ARGUMENTS = "-t 15 -d dummy", NAME = "kvm" ]',
  ].join('\n');

  test('the ARGUMENTS of the VM_MAD named kvm, and their position', () => {
    const found = kvmArguments(six);
    expect(found).toMatchObject({ value: '-t 15 -r 0 kvm -p' });
    expect('value' in found && six.slice(found.start, found.end)).toBe('"-t 15 -r 0 kvm -p"');
  });

  test('every VM_MAD that selects one of our drivers', () => {
    const vectors = ['kvm', `kvm -l ${ours}`, 'kvm -l save=save-guard'].map(
      (args, index) => `VM_MAD = [ NAME = "${index}", ARGUMENTS = "${args}" ]`,
    );
    expect(guardedDrivers([...vectors, 'VM_MAD = [ NAME = "none" ]'].join('\n'))).toEqual([
      { name: '1', args: `kvm -l ${ours}` },
      { name: '2', args: 'kvm -l save=save-guard' },
    ]);
  });

  test.each([
    ['on one line', 'VM_MAD=[NAME="kvm",ARGUMENTS="-p kvm"]', '-p kvm'],
    ['without quotes', 'VM_MAD = [ NAME = kvm, ARGUMENTS = kvm ]', 'kvm'],
    ['with a quote inside', 'VM_MAD = [ NAME = "kvm", ARGUMENTS = "-s \\"a b\\" kvm" ]', '-s \\"a b\\" kvm'],
    ['in small letters', 'vm_mad = [ name = "kvm", arguments = "kvm" ]', 'kvm'],
    ['no value before it', 'X =\nVM_MAD = [ NAME = "kvm", ARGUMENTS = "kvm" ]', 'kvm'],
  ])('%s', (_, text, value) => expect(kvmArguments(text)).toMatchObject({ value }));

  test.each([
    ['', 'no VM_MAD is named "kvm"'],
    ['VM_MAD = [ NAME = "lxc", ARGUMENTS = "lxc" ]', 'no VM_MAD is named "kvm"'],
    ['VM_MAD = [ NAME = "kvm" ]', 'the VM_MAD named "kvm" has no ARGUMENTS'],
    [`${six}\n${six}`, 'more than one VM_MAD is named "kvm"'],
  ])('%j needs a manual change', (text, what) =>
    expect(kvmArguments(text)).toEqual({ code: 'problem', what }),
  );

  test('an unfinished file does not hang', () => {
    expect(readVectors('VM_MAD = [ NAME = "kvm', 'VM_MAD')).toHaveLength(1);
    expect(readVectors('VM_MAD = ', 'VM_MAD')).toEqual([]);
  });
});
