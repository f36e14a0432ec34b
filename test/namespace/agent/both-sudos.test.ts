import { chmodSync, readFileSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import { debianTree } from '../../lab/harness/debian-tree';
import { door, isThere, knock, program, pwned, request, version } from '../installation/sudo-entry';
import { Package } from '../installation/package';
import { PrivateMachine } from '../installation/private-machine';

/** The sudoers file on Debian 13, with its sudo, and with sudo-rs in its place, as in Ubuntu since 25.10. */

let source: Package;
let tree: string;

beforeAll(async () => {
  source = await Package.make();
  tree = await debianTree('trixie');
});
afterAll(() => source.remove());

const sudos = {
  sudo: { place: 'true', says: /^Sudo version 1\./ },
  'sudo-rs': {
    place: 'for name in sudo visudo; do ln -sf /usr/lib/cargo/bin/$name $(command -v $name); done',
    says: /^sudo(-rs)? 0\./,
  },
};

describe.each(Object.entries(sudos))('%s', (_, { place, says }) => {
  let machine: PrivateMachine;

  beforeEach(async () => {
    machine = await PrivateMachine.start([tree, source.directory]);
    await shell(place);
    machine.write('/usr/bin/ssh', '');
    chmodSync(machine.path('/usr/bin/ssh'), 0o755);
  });
  afterEach(() => machine.end());

  async function shell(script: string): Promise<string> {
    const { exit, stdout, stderr } = await machine.root(['sh', '-c', script]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    return stdout;
  }

  async function install(): Promise<void> {
    const installed = await machine.root([source.file('install.sh'), 'host']);
    expect(installed).toMatchObject({ exit: 0, stderr: '' });
  }

  test('accepts what install.sh writes, and every file of the machine is correct', async () => {
    expect(await shell('sudo --version 2>&1')).toMatch(says);
    await install();
    await shell(
      'visudo --check --quiet --file=/etc/sudoers.d/migrate-guard >/dev/null && visudo --check >/dev/null',
    );
    const checks = JSON.parse((await machine.root(['migrate-guard', 'doctor', '--json'])).stdout) as {
      findings: { check: string; state: string }[];
    };
    expect(checks.findings.find(({ check }) => check === 'sudoers')?.state).toBe('ok');
    expect(checks.findings.find(({ check }) => check === 'installed-file')?.state).toBe('ok');
  });

  test('allows the one command and no other', async () => {
    await install();
    const { exit, stdout, stderr } = await knock(machine, [request()]);
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(JSON.stringify({ kind: 'hello', version }));
    for (const argv of [
      [...door, 'x'],
      [...door, '--config', '/var/lib/one/evil.yaml'],
      ['sudo', '-n', program],
      ['sudo', '-n', program, 'repair', 'one-1'],
      ['sudo', '-n', '-u', 'nobody', program, 'host'],
      ['sudo', '-n', 'NODE_OPTIONS=--require=/var/lib/one/evil.js', ...door.slice(2)],
      ['sudo', '-n', '/usr/bin/node', program, 'host'],
    ]) {
      const refused = await knock(machine, [request()], argv);
      expect({ argv, exit: refused.exit, stdout: refused.stdout }).toEqual({ argv, exit: 1, stdout: '' });
    }
  });

  test.each([
    ['as it is installed', ''],
    ['where the site keeps everything', 'Defaults env_keep += "NAMES"\n'],
    ['where the site checks them only', 'Defaults env_check += "NAMES"\n'],
  ])('lets no variable in, %s', async (_, rule) => {
    await install();
    const evil = {
      LD_PRELOAD: '/var/lib/one/evil.so',
      LD_DEBUG: 'libs',
      LD_DEBUG_OUTPUT: pwned,
      NODE_OPTIONS: '--require=/var/lib/one/evil.js',
      BASH_ENV: '/var/lib/one/evil.sh',
    };
    machine.write('/etc/sudoers.d/zz-site', rule.replace('NAMES', Object.keys(evil).join(' ')));
    machine.write('/var/lib/one/evil.js', `require('fs').writeFileSync('${pwned}', 'x')`);
    const set = Object.entries(evil).map(([name, value]) => `export ${name}='${value}'`);
    const script = [...set, `exec sudo -n ${program} host`].join('\n');
    const { exit, stdout }: CommandResult = await knock(machine, [request()], ['sh', '-c', script]);
    expect(exit).toBe(0);
    expect(stdout.split('\n')[0]).toBe(JSON.stringify({ kind: 'hello', version }));
    expect(await shell('ls /mnt')).not.toContain('pwned');
    expect(isThere(machine, pwned)).toBe(false);
  });

  test('passes the requesting user to the agent', async () => {
    await install();
    await knock(machine, ['x']);
    const log = readFileSync(machine.path('/var/log/migrate-guard/host.log'), 'utf8').trim().split('\n');
    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({ asker: 'oneadmin' });
  });
});
