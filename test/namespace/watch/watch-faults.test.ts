import { useStage } from '../harness';
import { LinkedVm } from './linked-vm';
import { RunningWatcher } from './running-watcher';

const on = useStage({ volumes: 1 });
let watcher: RunningWatcher | undefined;

afterEach(() => watcher?.end());

test("a VM whose links move while it starts; libvirt's directory is replaced", async () => {
  const first = await LinkedVm.start(on, 1);
  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe' });

  // Its namespace has the old links, and the watcher may not have seen it yet.
  const second = await LinkedVm.start(on, 2);
  second.rePoint('/dev/storpool-byid/2');
  await watcher.says('one-2: repaired: make directory /dev/storpool-byid');

  // The watched directory is another one now.
  const { host } = on.stage;
  host.inside('mv', '/mnt/libvirt', '/mnt/libvirt-old');
  host.inside('cp', '-a', '/mnt/libvirt-old', '/mnt/libvirt');
  host.remove('/mnt/libvirt/one-2.xml');
  await watcher.verdicts({ 'one-1': 'safe' });
  await LinkedVm.start(on, 3);
  await watcher.verdicts({ 'one-1': 'safe', 'one-3': 'safe' });
  first.rePoint('/dev/storpool-byid/1');
  await watcher.says('one-1: repaired: ');
});

test('with a full /run a VM is not repaired, and is as soon as there is room', async () => {
  const vm = await LinkedVm.start(on, 1);
  const { host } = on.stage;
  host.mount('-t', 'tmpfs', '-o', 'mode=755,nr_inodes=20', 'tmpfs', '/run');
  watcher = RunningWatcher.start(on.stage);
  await watcher.verdicts({ 'one-1': 'safe' });
  host.inside('sh', '-c', 'for i in $(seq 20); do touch /run/fill-$i; done 2>/dev/null; true');
  vm.rePoint('/dev/storpool-byid/1');
  await watcher.says('one-1: blocked: ');
  expect(watcher.output).toMatch(/^one-1: blocked: one-1 cannot be locked: .*: ENOSPC -> /m);
  host.inside('sh', '-c', 'rm /run/fill-*');
  await watcher.says('one-1: repaired: ');
  await watcher.verdicts({ 'one-1': 'safe' });
});
