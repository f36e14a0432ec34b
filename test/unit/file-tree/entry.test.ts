import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { domainNames, isUuid } from '../../../src/hypervisor/model/domain-name';
import { deviceNumbers, identity, sameIdentity } from '../../../src/file-tree/model/entry';
import { errorName } from '../../../src/core/error-name';
import { GuardError } from '../../../src/core/errors';
import { exitCodes } from '../../../src/core/exit-codes';
import { nearest } from '../../../src/core/did-you-mean';
import fc from '../../support/seeded-fast-check';
import { aDevice, aFile, missing } from '../../support/factories';

describe('identity', () => {
  test.each([
    [0, '0:0'],
    [0x0103, '1:3'],
    [0xfc03, '252:3'],
    [0x0fffff, '4095:255'],
    [0x10000100, '1:65536'],
    [0xffffffff, '4095:1048575'],
  ])('st_rdev %d is %s', (dev, expected) => {
    expect(deviceNumbers(dev)).toBe(expected);
  });

  test('no two device numbers have the same text', () => {
    const dev = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(dev, dev, (one, two) => (deviceNumbers(one) === deviceNumbers(two)) === (one === two)),
    );
  });

  test('is what stat(1) prints of a real device', () => {
    const printed = execFileSync('stat', ['--printf=%Hr:%Lr', '/dev/null'], { encoding: 'utf8' });
    expect(deviceNumbers(statSync('/dev/null').rdev)).toBe(printed);
  });

  test('names a device by its number, a file by its file system and inode', () => {
    expect(identity(aDevice('252:3'))).toBe('252:3');
    expect(identity(aFile('77'))).toBe('259:1 inode 77');
  });

  test.each([
    ['the same device, another mode', aDevice('252:3'), aDevice('252:3', { mode: 0o600 }), true],
    ['another device', aDevice('252:3'), aDevice('252:4'), false],
    [
      'a block and a character device of one number',
      aDevice('252:3'),
      { ...aDevice('252:3'), kind: 'character' as const },
      false,
    ],
    ['a file and a device', aFile('77', '252:3'), aDevice('252:3'), false],
    ['files of one number on two file systems', aFile('77', '1:1'), aFile('77', '1:2'), false],
    ['two things that are missing', missing, missing, false],
  ])('%s', (_, one, two, expected) => {
    expect(sameIdentity(one, two)).toBe(expected);
  });
});

describe('names of domains', () => {
  test.each([
    ['310', ['one-310', '310']],
    ['one-310', ['one-310']],
    ['vm_1.example@2+3:4', ['vm_1.example@2+3:4']],
    ['one-1;reboot', []],
    ['-x', []],
    ['../one-1', []],
    ['a b', []],
    ['', []],
  ])('%j can mean %j', (word, names) => {
    expect(domainNames(word)).toEqual(names);
  });

  test('a UUID is recognised in either case, and only if complete', () => {
    const uuid = '6af22448-3328-4f7b-9765-0fa767fc5dfb';
    expect([uuid, uuid.toUpperCase(), `${uuid}0`, uuid.slice(1)].map(isUuid)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('the nearest word', () => {
  const known = ['libvirt', 'libvirt.deadline', 'libvirt.stateDirectory', 'ssh.user'];

  test.each([
    ['libvirt.deadlin', 'libvirt.deadline'],
    ['libvirt.state_directory', 'libvirt.stateDirectory'],
    ['ssh.usr', 'ssh.user'],
    ['libvrit', 'libvirt'],
  ])('to %s is %s', (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });

  test('there is none without words; for a word of the list it is that word', () => {
    expect(nearest('a', [])).toBeUndefined();
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (words, index) => {
        const word = words[index % words.length] ?? '';
        expect(nearest(word, words)).toBe(word);
      }),
    );
  });
});

describe('errors', () => {
  test('the exit statuses are those of the public contract', () => {
    expect(Object.fromEntries(Object.entries(exitCodes).map(([name, { status }]) => [name, status]))).toEqual(
      {
        ok: 0,
        problem: 1,
        undecided: 2,
        failed: 3,
        person: 4,
        busy: 5,
        usage: 64,
        notPermitted: 77,
      },
    );
    expect(new GuardError('busy', 'x').exit).toBe(5);
  });

  test.each([
    [Object.assign(new Error('long text'), { code: 'ENOENT' }), 'ENOENT'],
    [new Error('text'), 'text'],
    [Object.assign(new Error('text'), { code: 7 }), 'text'],
    ['thrown text', 'thrown text'],
  ])('%s is named %s', (error, expected) => {
    expect(errorName(error)).toBe(expected);
  });
});
