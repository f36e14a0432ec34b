import { appendFileSync, chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import { isThere, pwned } from '../installation/sudo-entry';
import { oneadmin } from '../installation/machine-tree';
import type { Package } from '../installation/package';
import { useMachine } from '../installation/use-machine';

/** install.sh runs no program that users other than root could have written, not even to read its version. */

const on = useMachine();
let source: Package;

beforeEach(() => {
  source = on.source.copy();
  chmodSync(source.directory, 0o755);
});
afterEach(() => source.remove());

function install(path: string, ...words: readonly string[]): Promise<CommandResult> {
  return on.machine.root(['env', `PATH=${path}`, source.file('install.sh'), ...words]);
}

const usual = '/usr/sbin:/usr/bin:/sbin:/bin';
const theirs = (name: string, text: string): void => {
  writeFileSync(source.file(name), text);
  chmodSync(source.file(name), 0o755);
  chownSync(source.file(name), oneadmin, oneadmin);
};

test.each([
  ['a stand-alone program', 'standalone', () => theirs('standalone', `#!/bin/sh\necho >${pwned}\n`)],
  [
    'a script that it installs',
    'fallback.sh',
    () => theirs('remotes/migrate-guard/fallback.sh', `echo >${pwned}\n`),
  ],
  [
    'a program for its Node',
    'installation.cjs',
    () => theirs('dist/installation.cjs', `require('fs').writeFileSync('${pwned}', '')`),
  ],
  [
    'a file that others can write',
    'migrate-guard.cjs',
    () => chmodSync(source.file('dist/migrate-guard.cjs'), 0o646),
  ],
  ['a directory that a group can write', 'remotes', () => chmodSync(source.file('remotes'), 0o775)],
  [
    'a link to another user’s directory',
    'hooks',
    () => {
      rmSync(source.file('hooks'), { recursive: true });
      mkdirSync(on.machine.path('/var/lib/one/hooks'));
      chownSync(on.machine.path('/var/lib/one/hooks'), oneadmin, oneadmin);
      symlinkSync('/var/lib/one/hooks', source.file('hooks'));
    },
  ],
])('next to it: %s', async (_, name, harm) => {
  harm();
  const before = await on.machine.picture();
  for (const words of [['host', '--check'], ['host'], ['verify']]) {
    const { exit, stderr } = await install(usual, ...words);
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: expect.stringMatching(
        new RegExp(`/${name} can be changed by users other than root and the owner of [^]*\\n {2}-> `),
      ) as string,
    });
    expect(isThere(on.machine, pwned)).toBe(false);
  }
  expect(await on.machine.picture()).toBe(before);
});

test('a tree that another user has unpacked and built, and that the user’s group may write', async () => {
  const give = `chown -R 4321:4321 ${source.directory} && chmod -R g+w ${source.directory}`;
  expect(await on.machine.root(['sh', '-c', give])).toMatchObject({ exit: 0 });
  expect(await install(usual, 'host')).toMatchObject({ exit: 0, stderr: '' });
});

test('another user’s Node in root’s PATH', async () => {
  await on.machine.root([
    'sh',
    '-c',
    'for node in /usr/bin/node /usr/local/bin/node; do test ! -e $node || mount --bind /dev/null $node; done; mkdir /mnt/bin',
  ]);
  on.machine.write('/mnt/bin/node', `#!/bin/sh\necho >${pwned}\necho v22.1.0\n`);
  chmodSync(on.machine.path('/mnt/bin/node'), 0o755);
  chownSync(on.machine.path('/mnt/bin/node'), oneadmin, oneadmin);
  const { exit, stderr } = await install(`/mnt/bin:${usual}`, 'host');
  expect({ exit, stderr }).toEqual({
    exit: 1,
    stderr: expect.stringContaining('/mnt/bin/node can be written by users other than root') as string,
  });
  expect(isThere(on.machine, pwned)).toBe(false);
});

test('any other program in root’s PATH: the system’s own ones run', async () => {
  mkdirSync(on.machine.path('/mnt/bin'));
  for (const name of [
    'dirname',
    'readlink',
    'stat',
    'mktemp',
    'visudo',
    'sudo',
    'sed',
    'tr',
    'env',
    'find',
  ]) {
    on.machine.write(`/mnt/bin/${name}`, '');
    appendFileSync(on.machine.path(`/mnt/bin/${name}`), `#!/bin/sh\necho ${name} >>${pwned}\n`);
    chmodSync(on.machine.path(`/mnt/bin/${name}`), 0o755);
  }
  expect(
    await on.machine.root(['/usr/bin/env', `PATH=/mnt/bin:${usual}`, source.file('install.sh'), 'host']),
  ).toMatchObject({
    exit: 0,
    stderr: '',
  });
  expect(isThere(on.machine, pwned)).toBe(false);
});
