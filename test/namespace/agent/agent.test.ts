import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import {
  door,
  isThere as isThereOn,
  knock as knockAt,
  program,
  pwned,
  request,
  startHost,
  version,
} from '../installation/sudo-entry';
import { ifMade } from '../../support/if-made';
import { oneadmin } from '../installation/machine-tree';
import { Package } from '../installation/package';
import type { PrivateMachine } from '../installation/private-machine';

/**
 * Attacks of OpenNebula's user on root, through the one command that the sudoers file allows;
 * agent-hostile-requests.test.ts covers the requests.
 */

const config = '/etc/migrate-guard/config.yaml';

let source: Package;
let machine: PrivateMachine;

beforeAll(async () => {
  source = await Package.make();
});
afterAll(() => ifMade(source, (made) => made.remove()));
beforeEach(async () => {
  machine = await startHost(source);
  machine.write('/var/lib/one/evil.js', `require('fs').writeFileSync('${pwned}', 'x')`);
});
afterEach(() => ifMade(machine, (made) => made.end()));

function knock(lines: readonly string[], argv?: readonly string[]): Promise<CommandResult> {
  return knockAt(machine, lines, argv);
}

function isThere(path: string): boolean {
  return isThereOn(machine, path);
}

/** Expects that the agent ran normally, and nothing else did. */
function expectUnharmed({ exit, stdout, stderr }: CommandResult): void {
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout.split('\n')[0]).toBe(JSON.stringify({ kind: 'hello', version }));
  expect(isThere(pwned)).toBe(false);
}

test('sudo allows the one command, and the log names the requesting user', async () => {
  expectUnharmed(await knock([request()]));
  await knock(['x']);
  const log = readFileSync(machine.path('/var/log/migrate-guard/host.log'), 'utf8').split('\n');
  expect(JSON.parse(log.at(-2) ?? '')).toMatchObject({ asker: 'oneadmin', end: { result: 'refused' } });
});

test('a long log is left to logrotate', async () => {
  const log = '/var/log/migrate-guard/host.log';
  expect(await machine.root(['truncate', '--size=40M', log])).toMatchObject({ exit: 0 });
  expectUnharmed(await knock([request()]));
  expect(isThere(`${log}.old`)).toBe(false);
  expect(lstatSync(machine.path(log)).size).toBeGreaterThan(40 * 1024 * 1024);
});

describe('a log that cannot be written stops nothing', () => {
  const directory = '/var/log/migrate-guard';

  test.each([
    ['the disk is full', `mount -t tmpfs -o size=4k none ${directory} && (yes >${directory}/fill || true)`],
    [
      'the disk is full, in the middle of a line',
      `mount -t tmpfs -o size=8k none ${directory} && yes | head -c 8100 >${directory}/host.log`,
    ],
    ['its file system is read-only', `mount -t tmpfs -o ro none ${directory}`],
    ['its directory cannot be made', `rmdir ${directory} && touch ${directory}`],
  ])('%s', async (_, make) => {
    expect(await machine.root(['sh', '-c', `rm -f ${directory}/*; ${make}`])).toMatchObject({ exit: 0 });
    expectUnharmed(await knock([request()]));
  });
});

test.each([
  [[...door, '--config', '/var/lib/one/evil.yaml']],
  [[...door, '--help']],
  [[...door, 'x']],
  [[...door, '']],
  [['sudo', '-n', program]],
  [['sudo', '-n', program, 'repair', 'one-1']],
  [['sudo', '-n', program, 'host', '--', 'x']],
  [['sudo', '-n', '/usr/lib/../lib/migrate-guard/migrate-guard', 'host', 'x']],
  [['sudo', '-n', '-u', 'nobody', program, 'host']],
  [['sudo', '-n', '-E', ...door.slice(2)]],
  [['sudo', '-n', 'NODE_OPTIONS=--require=/var/lib/one/evil.js', ...door.slice(2)]],
  [['sudo', '-n', '/usr/bin/node', program, 'host']],
])('sudo refuses %j', async (argv) => {
  const { exit, stdout, stderr } = await knock([request()], argv);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
  expect(stderr).toMatch(/^sudo: /);
  expect(isThere(pwned)).toBe(false);
});

test.each([
  [['sudo', '-n', '-E', ...door.slice(2)]],
  [['sudo', '-n', 'LD_PRELOAD=/var/lib/one/evil.so', ...door.slice(2)]],
])('sudo refuses %j where the site lets this user set variables', async (argv) => {
  machine.write('/etc/sudoers.d/zz-site', 'Defaults:oneadmin setenv\n');
  const { exit, stdout } = await knock([request()], argv);
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: '' });
});

describe('the environment is ignored', () => {
  const evil = {
    NODE_OPTIONS: '--require=/var/lib/one/evil.js',
    NODE_PATH: '/var/lib/one/modules',
    NODE_REPL_EXTERNAL_MODULE: '/var/lib/one/evil.js',
    NODE_V8_COVERAGE: '/mnt/coverage',
    NODE_REDIRECT_WARNINGS: pwned,
    OPENSSL_CONF: '/var/lib/one/openssl.cnf',
    LD_PRELOAD: '/var/lib/one/evil.so',
    LD_LIBRARY_PATH: '/var/lib/one',
    LD_DEBUG: 'libs',
    LD_DEBUG_OUTPUT: pwned,
    BASH_ENV: '/var/lib/one/evil.sh',
    HOME: '/var/lib/one',
    SSH_AUTH_SOCK: `/tmp/$(touch ${pwned})`,
    TMPDIR: '/var/lib/one',
    PATH: '/var/lib/one/bin:/usr/bin:/bin',
  };
  const names = Object.keys(evil).join(' ');

  beforeEach(() => {
    mkdirSync(machine.path('/var/lib/one/bin'));
    for (const name of ['env', 'node', 'gdb', 'virsh']) {
      machine.write(`/var/lib/one/bin/${name}`, `#!/bin/sh\necho >${pwned}\n`);
      chmodSync(machine.path(`/var/lib/one/bin/${name}`), 0o755);
    }
  });

  test('each of these variables harms an unprotected node', async () => {
    await machine.root(['env', `NODE_OPTIONS=${evil.NODE_OPTIONS}`, 'node', '-e', '0']);
    expect(isThere(pwned)).toBe(true);
  });

  test.each([
    ['as it is installed', ''],
    ['where the site keeps everything', `Defaults env_keep += "${names}"\n`],
    ['where the site resets nothing', 'Defaults !env_reset, !secure_path\n'],
    ['where the site lets this user set variables', `Defaults:oneadmin setenv, env_keep += "${names}"\n`],
    ['where the site checks them only', `Defaults env_check += "${names}"\n`],
  ])('%s', async (_, rule) => {
    machine.write('/etc/sudoers.d/zz-site', rule);
    // setpriv cannot set them, because it would be the first program to read LD_…
    const set = Object.entries(evil).map(([name, value]) => `export ${name}='${value}'`);
    const script = [...set, `exec /usr/bin/sudo -n ${program} host`].join('\n');
    const { stderr, ...result } = await knock([request()], ['sh', '-c', script]);
    // The linker may complain about LD_… for sudo itself, but never for a program that root runs.
    expect(stderr).not.toContain('evil');
    expectUnharmed({ ...result, stderr: '' });
    expect(isThere('/mnt/coverage')).toBe(false);
  });
});

describe('a configuration that others could have written is refused', () => {
  test.each([
    ['of another owner', () => chownSync(machine.path(config), oneadmin, 0)],
    ['that its group can write', () => chmodSync(machine.path(config), 0o664)],
    ['that is a link to one of theirs', () => link('/var/lib/one/config.yaml', config)],
  ])('%s', async (_, harm) => {
    machine.write('/var/lib/one/config.yaml', 'ssh:\n  user: root\n');
    chownSync(machine.path('/var/lib/one/config.yaml'), oneadmin, oneadmin);
    harm();
    const { exit, stdout, stderr } = await knock([request()]);
    expect({ exit, stdout }).toEqual({ exit: 77, stdout: '' });
    expect(stderr).toContain('can be written by users other than root');
  });
});

function link(target: string, path: string): void {
  rmSync(machine.path(path), { force: true });
  symlinkSync(target, machine.path(path));
}

describe('a planted link in place of the log is not followed', () => {
  const target = '/etc/target';
  const log = '/var/log/migrate-guard';

  test('as the log', async () => {
    machine.write(target, '');
    link(target, `${log}/host.log`);
    expectUnharmed(await knock([request()]));
    expect(readFileSync(machine.path(target), 'utf8')).toBe('');
  });

  test('in another user’s directory', async () => {
    machine.write(target, '');
    chownSync(machine.path(log), oneadmin, oneadmin);
    link(target, `${log}/host.log`);
    expect((await knock([request()])).exit).toBe(0);
    expect(readFileSync(machine.path(target), 'utf8')).toBe('');
  });

  test('as its directory', async () => {
    await machine.root(['sh', '-c', `rmdir ${log} && mkdir -p ${target} && ln -s ${target} ${log}`]);
    expect((await knock([request()])).exit).toBe(0);
    expect(isThere(`${target}/host.log`)).toBe(false);
  });
});
