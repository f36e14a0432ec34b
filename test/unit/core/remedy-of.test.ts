import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuardError } from '../../../src/core/errors';
import { codeOf, remedyOf } from '../../../src/core/remedy-of';
import { Journal } from '../../../src/relink/io/journal';
import { storeLayout } from '../../../src/block-state/io/layout-store';
import { readDomain } from '../../../src/hypervisor/status-files';
import { readNamedFile } from '../../../src/os/read-named-file';
import { layout } from '../../support/block-state-factories';

/** The error code of a failed system call determines the remedy. */

const own = { EEXIST: 'run again', otherwise: 'look at it' };

test.each([
  ['EACCES', /^run as root; where root may not either, see namei -l \/a\/b /, 'notPermitted'],
  ['EPERM', /^run as root/, 'notPermitted'],
  ['ENOSPC', /df -h \/a\/b/, 'failed'],
  ['EDQUOT', /df -h/, 'failed'],
  ['EROFS', /read-only/, 'failed'],
  ['EMFILE', /ulimit -n/, 'failed'],
  ['EIO', /dmesg/, 'failed'],
  ['ELOOP', /no link/, 'failed'],
  ['EEXIST', /^run again$/, 'failed'],
  ['ENOENT', /^look at it$/, 'failed'],
])('%s', (code, remedy, exit) => {
  const error = Object.assign(new Error('x'), { code });
  expect(remedyOf(error, '/a/b', own)).toMatch(remedy);
  expect(codeOf(error)).toBe(exit);
});

test('a caller may give one error code another remedy', () => {
  const error = Object.assign(new Error('x'), { code: 'EACCES' });
  expect(remedyOf(error, '/a/b', { ...own, EACCES: 'chmod it' })).toBe('chmod it');
});

describe('an obstacle is not a lack of permission', () => {
  let directory: string;
  let file: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'remedy-'));
    file = join(directory, 'a-file');
    writeFileSync(file, '');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function thrown(work: () => unknown): Pick<GuardError, 'code' | 'remedy'> {
    try {
      work();
    } catch (error) {
      if (error instanceof GuardError)
        return { code: error.code, ...(error.remedy ? { remedy: error.remedy } : {}) };
      throw error;
    }
    throw new Error('nothing was thrown');
  }

  test('a journal below a file', () => {
    const { code, remedy } = thrown(() => Journal.create(join(file, 'journals')));
    expect([code, remedy]).toEqual(['failed', expect.not.stringContaining('run as root')]);
  });

  test('a layout below a file', () => {
    const { code, remedy } = thrown(() => storeLayout(join(file, 'layouts'), layout));
    expect([code, remedy]).toEqual(['failed', expect.not.stringContaining('run as root')]);
  });

  test('a status file that is a directory', () => {
    mkdirSync(join(directory, 'one-1.xml'));
    expect(readDomain(directory, 'one-1')).toMatchObject({
      remedy: `look at that file: ls -ld ${directory}/one-1.xml`,
    });
  });

  test('a file that the user named: one that does not exist, and one that is a link to itself', () => {
    const map = 'name a file of lines "link target"';
    expect(thrown(() => readNamedFile('/no/such', 'the map', map)).remedy).toBe(map);
    const circle = join(directory, 'circle');
    symlinkSync(circle, circle);
    expect(thrown(() => readNamedFile(circle, 'the map', map)).remedy).toMatch(/no link/);
  });
});
