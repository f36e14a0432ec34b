import { ifMade } from '../../support/if-made';
import { HostWatcher, Lab, letRepair } from '../harness';

// Plain `virsh migrate`, without a guard, while migrate-guard watch runs on both hosts.

let lab: Lab;
const watchers: HostWatcher[] = [];

beforeAll(async () => {
  lab = await Lab.start();
});
afterEach(async () => {
  for (const watcher of watchers.splice(0)) await watcher.end();
});
afterAll(() => ifMade(lab, (made) => made.stop()));

async function watchOn(name: 'kvm1' | 'kvm2'): Promise<HostWatcher> {
  const watcher = await HostWatcher.start(lab.host(name));
  watchers.push(watcher);
  return watcher;
}

test('QEMU 7.2.0 with two disks: re-activated after the end of the job, and the next migration completes', async () => {
  const domain = await lab.startSilent(800, { emulator: 'affected' });
  const watcher = await watchOn('kvm1');
  await letRepair(domain, false);
  lab.relink(domain, 1);
  await watcher.says('one-800: blocked: ');
  const counted: number[] = [];
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const from = watcher.output.length;
    const { exit, stderr } = await lab.migrate(domain, 'kvm2');
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/migration out|not finalized/)]);
    await watcher.says('one-800: disks given back to QEMU by cont', from);
    const [, milliseconds] = /given back to QEMU by cont, (\d+) ms/.exec(watcher.output.slice(from)) ?? [];
    counted.push(Number(milliseconds));
    await domain.expectCounting();
  }
  process.stderr.write(`counted: re-activated ${counted.join(', ')} ms after the end of libvirt's job\n`);
  // How fast depends on what else the machine does.
  expect(counted.every(Number.isInteger)).toBe(true);

  // Killed before it gives the disks back: the next watcher does.
  await watcher.signal('STOP');
  expect((await lab.migrate(domain, 'kvm2')).exit).toBe(1);
  await watchers.pop()?.end('KILL');
  const next = await watchOn('kvm1');
  await next.says('one-800: disks given back to QEMU by cont');
  await domain.expectCounting();

  await letRepair(domain, true);
  lab.relink(domain, 1, 'again-800');
  await next.says('one-800: repaired: ');
  expect((await lab.migrate(domain, 'kvm2')).exit).toBe(0);
  const arrived = domain.on(lab.host('kvm2'));
  await arrived.expectCounting();
  await arrived.destroy();
});

test('QEMU 7.2.0 with two disks, a guest that writes all the time: repaired before each move, it lives', async () => {
  const [written, other] = [await lab.volume(), await lab.volume()];
  written.installTimedGuest(10);
  const disks = [
    { target: 'hda', volume: written },
    { target: 'hdb', volume: other },
  ];
  let domain = await lab.startDomain(802, { emulator: 'affected', disks });
  const [here, there] = [await watchOn('kvm1'), await watchOn('kvm2')];
  for (const [watcher, destination] of [
    [here, 'kvm2'],
    [there, 'kvm1'],
  ] as const) {
    const from = watcher.output.length;
    lab.relink(domain, 1, `before-${destination}`);
    await watcher.says('one-802: repaired: ', from);
    expect((await lab.migrate(domain, destination)).exit).toBe(0);
    domain = domain.on(lab.host(destination));
    // A write is counted when it begins: with the second one the first has ended.
    await domain.expectCounting();
    await domain.expectCounting();
  }
  await domain.destroy();
});

test('a guest that arrived paused is left alone, until it is resumed', async () => {
  const watcher = await watchOn('kvm2');
  const domain = await lab.startDomain(801, { emulator: 'affected' });
  expect((await lab.migrate(domain, 'kvm2', ['--suspend'])).exit).toBe(0);
  const there = domain.on(lab.host('kvm2'));
  await watcher.sees('a guest that waits', ({ domains }) => {
    const vm = domains['one-801'];
    return vm !== undefined && vm.pid !== null && vm.verdict !== 'safe';
  });
  expect(await there.state()).toBe('paused');
  await there.host.virsh('resume', there.name);
  await watcher.sees('that it was resumed', ({ domains }) => domains['one-801']?.blockState === 'healthy');
  expect(watcher.output).not.toContain('given back');
  await there.expectCounting();
  await there.verifyPattern();
  await there.destroy();
});
