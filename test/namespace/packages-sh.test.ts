import { join } from 'node:path';
import type { CommandResult } from '../../src/system/command';
import { ifMade } from '../if-made';
import { PrivateMachine } from './installation/private-machine';

/** setup/packages.sh on a machine of its own, with a database of dpkg's of its own and a stand-in for apt-get. */

const script = join(__dirname, '../../setup/packages.sh');
let machine: PrivateMachine;
beforeEach(async () => {
  machine = await PrivateMachine.start();
  await machine.root([
    'sh',
    '-c',
    'rm -f /usr/sbin/policy-rc.d; mkdir -p /mnt/dpkg/info /mnt/bin && touch /mnt/dpkg/status',
  ]);
  machine.write(
    '/mnt/bin/apt-get',
    `#!/bin/sh
echo "$*" >>/mnt/asked
test -x /usr/sbin/policy-rc.d || echo 'services would start' >>/mnt/asked
for name; do
  case $name in [a-z]*) printf '%s\\n' "Package: $name" 'Status: install ok installed' 'Version: 1' '' >>/mnt/dpkg/status ;; esac
done
`,
  );
  await machine.root(['chmod', '755', '/mnt/bin/apt-get']);
});
afterEach(() => ifMade(machine, (made) => made.end()));

function packages(): Promise<CommandResult> {
  const environment = ['DPKG_ADMINDIR=/mnt/dpkg', 'PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
  return machine.root(['env', ...environment, script, 'minimal']);
}

test('installs what is missing, where there is no /run/lock, too; and then nothing more', async () => {
  expect((await machine.root(['ls', '/run/lock'])).exit).not.toBe(0);
  expect(await packages()).toMatchObject({
    exit: 0,
    stdout: '',
    stderr: 'packages.sh: installing debootstrap git\n',
  });
  const asked = (await machine.root(['cat', '/mnt/asked'])).stdout;
  expect(asked).toMatch(/^install .* debootstrap git\n$/);
  expect((await machine.root(['ls', '/usr/sbin/policy-rc.d'])).exit).not.toBe(0);
  expect(await packages()).toMatchObject({ exit: 0, stdout: '', stderr: '' });
  expect((await machine.root(['cat', '/mnt/asked'])).stdout).toBe(asked);
});
