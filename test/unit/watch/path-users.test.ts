import { resolvePath } from '../../../src/file-tree/model/walk';
import { PathUsers } from '../../../src/watch/model/path-users';
import { diskLink, diskPath, missing, storpoolView } from '../../support/factories';

const whole = resolvePath(storpoolView(), diskPath);

test('every element on the way to a disk is used: directories, links, the device', () => {
  const users = new PathUsers();
  expect(users.set('one-310', [whole])).toBe(true);
  expect(users.set('one-310', [whole])).toBe(false);
  expect(users.elementsIn('/dev')).toEqual(expect.arrayContaining([whole.end.path]));
  for (const element of ['/', '/dev', '/var/lib/one', diskLink, whole.end.path])
    expect([element, users.usersOf(element)]).toEqual([element, ['one-310']]);
  expect(users.usersOf('/dev/null')).toEqual([]);
  expect(users.directories()).toEqual(expect.arrayContaining(['/', '/var/lib/one', '/dev']));
  expect(users.usersIn('/dev')).toEqual(['one-310']);
});

test('of a path that leads nowhere the missing element is used: it may be made', () => {
  const broken = resolvePath(storpoolView({ [whole.end.path]: missing }), diskPath);
  const users = new PathUsers();
  users.set('one-310', [broken]);
  expect(users.usersOf(whole.end.path)).toEqual(['one-310']);
});

test('a domain that is gone, or whose path leads elsewhere now, is forgotten where it was; others are not', () => {
  const users = new PathUsers();
  users.set('one-310', [whole]);
  users.set('one-311', [whole]);
  users.remove('one-310');
  expect(users.usersOf(diskLink)).toEqual(['one-311']);
  users.set('one-311', []);
  expect(users.directories()).toEqual([]);
  expect(users.usersOf('/')).toEqual(['one-311']);
});
