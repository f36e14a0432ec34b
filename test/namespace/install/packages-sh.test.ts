import { join } from 'node:path';
import type { CommandResult } from '../../../src/os/run-command';
import { ifMade } from '../../support/if-made';
import { PrivateMachine } from '../installation/private-machine';

/** setup/packages.sh on a private machine, with a separate dpkg database and a fake apt-get. */

const script = join(__dirname, '../../../setup/packages.sh');
let machine: PrivateMachine;
beforeEach(async () => {
  machine = await PrivateMachine.start();
  await shell(
    'rm -f /usr/sbin/policy-rc.d; mkdir -p /mnt/dpkg/info /mnt/bin; touch /mnt/dpkg/status /mnt/bin/apt-get',
  );
  await shell('chmod 755 /mnt/bin/apt-get');
});
afterEach(() => ifMade(machine, (made) => made.end()));

async function shell(line: string): Promise<string> {
  return (await machine.root(['sh', '-c', line])).stdout;
}

/** `refuse`: shell commands that may end apt-get before it does anything; by default there are none. */
async function packages(refuse = ''): Promise<CommandResult> {
  const aptGet = `#!/bin/sh
echo "$*" >>/mnt/asked
test -x /usr/sbin/policy-rc.d || echo 'services would start' >>/mnt/asked
${refuse}
[ "$1" = install ] || exit 0
for name; do
  case $name in [a-z]*) printf '%s\\n' "Package: $name" 'Status: install ok installed' 'Version: 1' '' >>/mnt/dpkg/status ;; esac
done
`;
  await machine.root(['sh', '-c', 'cat >/mnt/bin/apt-get'], { input: aptGet });
  const environment = ['DPKG_ADMINDIR=/mnt/dpkg', 'PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
  return machine.root(['env', ...environment, script, 'minimal']);
}

/** The commands that apt-get got, without their options. */
async function asked(): Promise<string[]> {
  return (await shell('cat /mnt/asked'))
    .trimEnd()
    .split('\n')
    .map((line) => line.replaceAll(/ -\S+( \S+=\S+)?/g, ''));
}

const installs = { exit: 0, stdout: '', stderr: 'packages.sh: installing debootstrap git\n' };

test('installs what is missing, even without /run/lock; and then nothing more', async () => {
  expect(await shell('ls -d /run/lock')).toBe('');
  expect(await packages()).toMatchObject(installs);
  expect(await asked()).toEqual(['install debootstrap git']);
  expect(await shell('ls -d /usr/sbin/policy-rc.d')).toBe('');
  expect(await packages()).toMatchObject({ exit: 0, stdout: '', stderr: '' });
  expect(await asked()).toEqual(['install debootstrap git']);
});

test('old package lists are updated, after a wait for their lock', async () => {
  const refuse = `case $1 in
    install) test -e /mnt/fetched || { echo 'E: Unable to locate package git' >&2; exit 100; } ;;
    update)
      test -e /mnt/waited || {
        touch /mnt/waited
        echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)' >&2
        exit 100
      }
      touch /mnt/fetched ;;
  esac`;
  expect(await packages(refuse)).toMatchObject(installs);
  expect(await asked()).toEqual(['install debootstrap git', 'update', 'update', 'install debootstrap git']);
});

test('package lists that cannot be downloaded: it prints the reason and ends', async () => {
  const { exit, stderr } = await packages(`echo "E: no $1" >&2; exit 100`);
  expect(exit).toBe(1);
  expect(stderr).toContain('E: no update\npackages.sh: apt-get update failed (see above)\n');
});
