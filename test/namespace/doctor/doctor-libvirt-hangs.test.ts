import { existsSync, readFileSync } from 'node:fs';
import { Servant, statusXml } from '../harness';
import { hookPool, hostPool, troubles, useDoctorMachine } from './doctor-machine';

// A libvirt that hangs on a host with VMs: the front-end, which waits for twice its ssh.deadline, gets all answers.

const on = useDoctorMachine();
const uuids = ['0f0f0f0f-0000-4000-8000-00000000abcd', '0f0f0f0f-0000-4000-8000-00000000abce'];
const servants: Servant[] = [];

/** Two VMs, whose block state only QEMU knows: the first has failed to migrate. */
beforeEach(async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  on.machine.write('/etc/migrate-guard/config.yaml', 'ssh:\n  deadline: 20\n');
  for (const [index, uuid] of uuids.entries()) {
    const name = `one-${310 + index}`;
    const argv = ['-name', `guest=${name},debug-threads=on`, '-S', '-uuid', uuid];
    const qemu = await Servant.start('guest', argv, on.machine.pid);
    servants.push(qemu);
    on.machine.write(`/run/libvirt/qemu/${name}.xml`, statusXml({ name, uuid, pid: qemu.pid, disks: [] }));
    const start = new Date().toISOString().replace('T', ' ').replace('Z', '+0000');
    on.machine.write(
      `/var/log/libvirt/qemu/${name}.log`,
      `${start}: starting up libvirt version: 9.0.0, qemu version: 7.2.0, kernel: 6.1\n` +
        `${new Date().toISOString()} qemu-system-x86_64: bdrv_inactivate_all() failed (-1)\n`,
    );
  }
});
afterEach(async () => {
  for (const servant of servants.splice(0)) await servant.end();
});

// Each answer takes three seconds: together the first VM's take longer than doctor waits for all.
const slowly = `case "$*" in
  *version*) echo "Running against daemon: 11.3.0" ;;
  *) while IFS= read -r line; do
      printf 'virsh # %s\\n' "$line"
      case $line in
        echo*) echo "\${line#echo }" ;;
        *) echo "$line" >>/run/asked; sleep 3; echo '{"return":{"status":"running"}}' ;;
      esac
    done ;;
esac`;

test.each([
  ['does not answer at all', 'exec sleep 600', 'does not answer', []],
  ['answers slowly', slowly, 'libvirt 11.3.0', ['one-310']],
])('libvirt %s: doctor reports the host, and asks no further VM', async (_, virsh, what, asked) => {
  on.program('/usr/bin/virsh', virsh);
  const [host] = (await on.doctor('--host', 'kvm1')).hosts;
  expect(troubles(host?.findings)).toEqual([]);
  expect(host?.findings.find(({ check }) => check === 'libvirt')?.what).toContain(what);
  expect(host?.findings.find(({ check }) => check === 'qemu')?.what).toMatch(/VMs on it: 2 .*not known/);
  const asks = on.machine.path('/run/asked');
  const domains = existsSync(asks) ? readFileSync(asks, 'utf8').match(/one-\d+/g) : [];
  expect([...new Set(domains)]).toEqual(asked);
});
