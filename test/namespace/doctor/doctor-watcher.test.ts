import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { until } from '../harness';
import { hookPool, hostPool, useDoctorMachine, type Finding } from './doctor-machine';

const on = useDoctorMachine();

/** By a doctor here, and by the front-end's. */
async function watcher(): Promise<Finding[]> {
  const { findings, hosts } = await on.doctor();
  return [...findings, ...(hosts[0]?.findings ?? [])].filter(({ check }) => check === 'watcher');
}

test('a watcher that is off, that runs, and that was killed although it is enabled', async () => {
  await on.frontEnd(hostPool('kvm1'), hookPool());
  on.program('/usr/bin/systemctl', 'exit 1');
  const off = { state: 'ok', note: true, remedy: 'systemctl enable --now migrate-guard-watch.service' };
  expect(await watcher()).toMatchObject([off, off]);

  const unit = 'migrate-guard-watch.service';
  // systemd does not run in a namespace.
  on.program('/usr/bin/systemctl', `test "$*" = "is-enabled --quiet ${unit}"`);
  await on.machine.root(['mkdir', '-p', '/run/libvirt/qemu', '/var/log/libvirt/qemu']);
  const running = spawn('nsenter', [...on.machine.enter, '--', 'migrate-guard', 'watch'], {
    stdio: 'ignore',
  });
  try {
    const file = on.machine.path('/run/migrate-guard/watch.json');
    const written = (): boolean => {
      try {
        return readFileSync(file, 'utf8').includes('"mounts":true');
      } catch {
        return false;
      }
    };
    await until(written, { what: 'the watcher has written', evidence: () => running.exitCode });
    const runs = {
      state: 'ok',
      what: `0 VMs are watched by process ${running.pid}; repaired since its start: 0`,
    };
    expect(await watcher()).toMatchObject([runs, runs]);
  } finally {
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }
  const stopped = { state: 'problem', remedy: `see systemctl status ${unit}` };
  expect(await watcher()).toMatchObject([stopped, stopped]);
});
