import {
  awaitsGuest,
  hasMemory,
  hasRunGuest,
  isOpenForWriting,
  isQemuOf,
  parseStartTime,
  parseStatus,
} from '../../../src/os/model/process-status';

const uuid = '6af22448-3328-4f7b-9765-0fa767fc5dfb';
const commandLine = (...argv: readonly string[]): string => ['qemu-system-x86_64', ...argv, ''].join('\0');

describe('the domain of a QEMU command line', () => {
  const named = (guest: string): string => commandLine('-name', guest, '-S', '-uuid', uuid, '-m', '64');

  test.each([
    ['with options behind the name', named('guest=one-310,debug-threads=on'), 'one-310', true],
    ['with the name alone', named('guest=one-310'), 'one-310', true],
    ['another domain', named('guest=one-311,debug-threads=on'), 'one-310', false],
    ['a name that begins alike', named('guest=one-3101,debug-threads=on'), 'one-310', false],
    ['a comma in the name, doubled', named('guest=a,,b,debug-threads=on'), 'a,b', true],
    ['a name that is the other’s up to a comma', named('guest=a,,b,debug-threads=on'), 'a', false],
    ['a comma at the end of the name', named('guest=a,,,debug-threads=on'), 'a,', true],
    ['a comma at the end of the other’s name', named('guest=a,,,debug-threads=on'), 'a', false],
    ['no guest name', named('one-310'), 'one-310', false],
    ['no -name', commandLine('-uuid', uuid), 'one-310', false],
    ['-name without a value', commandLine('-uuid', uuid, '-name').slice(0, -1), 'one-310', false],
    ['no -uuid', commandLine('-name', 'guest=one-310'), 'one-310', false],
    [
      'another uuid',
      commandLine('-name', 'guest=one-310', '-uuid', uuid.replace('6', '7')),
      'one-310',
      false,
    ],
    [
      'the uuid in capitals',
      commandLine('-name', 'guest=one-310', '-uuid', uuid.toUpperCase()),
      'one-310',
      true,
    ],
    ['the program called like an option', `-name\0guest=one-310\0-uuid\0${uuid}\0`, 'one-310', false],
    ['a kernel thread', '', 'one-310', false],
  ])('%s', (_, line, name, expected) => {
    expect(isQemuOf(line, { name, uuid })).toBe(expected);
  });
});

describe('credentials', () => {
  const status = (capabilities: string): string =>
    `Name:\tqemu\nUid:\t1\t2\t3\t9869\nGid:\t4\t5\t6\t9870\nGroups:\t6 36 9869 \nCapEff:\t${capabilities}\nSeccomp:\t2\n`;

  test('are the file system ids', () => {
    expect(parseStatus(status('0000000000000000'))).toEqual({
      uid: 9869,
      gid: 9870,
      groups: [6, 36, 9869],
      overridesAccess: false,
    });
  });

  test.each([
    ['0000000000000002', true],
    ['000001ffffffffff', true],
    ['000001fffffffffd', false],
  ])('capabilities %s override access: %s', (capabilities, expected) => {
    expect(parseStatus(status(capabilities))?.overridesAccess).toBe(expected);
  });

  test('no supplementary groups', () => {
    expect(parseStatus(status('0').replace(/Groups:.*/, 'Groups:\t '))?.groups).toEqual([]);
  });

  test.each([[''], ['Name:\tqemu\n'], [status('0').replace(/CapEff.*\n/, '')]])(
    '%j is not a valid status',
    (text) => {
      expect(parseStatus(text)).toBeUndefined();
    },
  );
});

describe('the start time', () => {
  const numbers = Array.from({ length: 49 }, (_, index) => index + 4).join(' ');

  test.each([
    [`90 (qemu-system-x86) S ${numbers}`, 22],
    [`90 (a) b) S (c) R ${numbers}`, 22],
    ['90 (qemu', undefined],
    ['', undefined],
  ])('%j: %p', (stat, expected) => {
    expect(parseStartTime(stat)).toBe(expected);
  });
});

describe('whether a process has memory', () => {
  const upTo22 = `S ${Array.from({ length: 19 }, () => '0').join(' ')}`;

  test.each([
    [`90 (qemu) ${upTo22} 815104000 5000`, true],
    [`90 (1 (2) 3) ${upTo22} 0 0`, false],
    [`90 (qemu) ${upTo22}`, false],
    ['', false],
  ])('%j: %p', (stat, expected) => {
    expect(hasMemory(stat)).toBe(expected);
  });
});

describe('whether a descriptor is open for writing', () => {
  const fdinfo = (flags: string): string => `pos:\t0\nflags:\t${flags}\nmnt_id:\t29\nino:\t77\n`;

  test.each([
    ['02140002', true],
    ['0100001', true],
    ['0100003', true],
    ['02140000', false],
    ['012100000', false],
    ['0', false],
    ['', undefined],
    ['9', undefined],
    ['0x2', undefined],
  ])('flags %s: %p', (flags, expected) => {
    expect(isOpenForWriting(fdinfo(flags))).toBe(expected);
  });

  test('the answer comes from the right line, or there is none', () => {
    expect(isOpenForWriting('eventfd-flags:\t02\n')).toBeUndefined();
    expect(isOpenForWriting('')).toBeUndefined();
  });
});

describe('the origin of a QEMU’s guest', () => {
  test.each([
    ['qemu\0-name\0guest=one-1\0-S\0', false],
    ['qemu\0-name\0guest=one-1\0-incoming\0defer\0', true],
    ['-incoming\0-S\0', false],
    ['', false],
  ])('%j: it waits for an incoming guest: %p', (line, expected) => {
    expect(awaitsGuest(line)).toBe(expected);
  });

  // The stat of a real QEMU without KVM; field 43 is the tenth from the end.
  const stat = (guestTime: string): string =>
    `292 (qemu-system-x86) S 1 291 291 0 -1 138412416 5522 0 0 0 10 18 0 0 20 0 5 0 1226697 1520951296 10953 18446744073709551615 94808417361920 94808423222357 140723855382576 0 0 0 268444224 4096 16451 0 0 0 17 1 0 0 0 ${guestTime} 0 94808426334456 94808431538608 94809063165952 140723855391035 140723855392379 140723855392379 140723855392732 0\n`;

  test.each([
    [stat('0'), false],
    [stat('1'), true],
    [stat('x'), false],
    ['292 (qemu', false],
  ])('%j: it has run: %p', (text, expected) => {
    expect(hasRunGuest(text)).toBe(expected);
  });
});
