import { readFileSync } from 'node:fs';
import { Servant, statusXml } from '../harness';
import { hookPool, hostPool, useDoctorMachine } from './doctor-machine';

// A libvirt that hangs on a host with VMs: the front-end, which waits for twice its ssh.deadline, gets all answers.

const on = useDoctorMachine();
const uuids = ['0f0f0f0f-0000-4000-8000-00000000abcd', '0f0f0f0f-0000-4000-8000-00000000abce'];
const servants: Servant[] = [];

/** Two VMs that have failed to migrate: only QEMU knows their block state. */
beforeEach(async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  on.program('/usr/bin/gdb', 'echo GNU gdb 13');
  on.machine.write('/etc/migrate-guard/config.yaml', 'ssh:\n  deadline: 40\n');
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

test('a libvirt that hangs: doctor reports the host in time, and asks no VM', async () => {
  on.program('/usr/bin/virsh', 'echo "$*" >>/run/asked', 'exec sleep 600');
  const [host] = (await on.doctor('--host', 'kvm1')).hosts;
  expect(host?.findings.find(({ check }) => check === 'libvirt')?.what).toContain('does not answer');
  expect(host?.findings.find(({ check }) => check === 'qemu')?.what).toMatch(/VMs on it: 2 .*not known/);
  const asked = readFileSync(on.machine.path('/run/asked'), 'utf8').trimEnd().split('\n');
  expect(asked).toEqual([expect.stringContaining('version')]);
});
