import { HostWatcher, relinkDisk, type Domain } from '../../lab/harness';
import { startDaemon, stopDaemon } from '../../lab/harness/daemons';
import { ifMade } from '../../support/if-made';
import { Stage } from '../qemu-stage';

// libvirtd ends and starts again under migrate-guard watch: of what it writes, its state directory is all that is needed.

let stage: Stage;
let watcher: HostWatcher | undefined;

beforeAll(async () => {
  stage = await Stage.start();
});
afterEach(() => watcher?.end());
afterAll(() => ifMade(stage, (made) => made.stop()));

async function repairs(domain: Domain, id: string): Promise<void> {
  relinkDisk(domain, 0, id);
  await watcher?.says(`make link /dev/storpool-byid/${id}`);
}

test('libvirtd is killed and started again: links are repaired meanwhile and after, and no VM is reported', async () => {
  const domain = await stage.domain(710, 1);
  const other = await stage.domain(711, 1);
  watcher = await HostWatcher.start(stage.host);
  relinkDisk(domain, 0, 'before');
  await watcher.says('one-710: repaired: make directory /dev/storpool-byid');

  await stopDaemon(stage.host, 'libvirtd', 'KILL');
  await repairs(domain, 'meanwhile');
  await startDaemon(stage.host, 'libvirtd');
  expect(await domain.state()).toBe('running');
  await repairs(domain, 'after');

  // It still notices what libvirt does.
  await other.destroy();
  await watcher.sees('that one VM is left, and safe', ({ domains }) => {
    return Object.keys(domains).join() === domain.name && domains[domain.name]?.verdict === 'safe';
  });
  expect(await watcher.end()).toBe(0);
  const lines = watcher.output.trim().split('\n');
  expect(lines.filter((line) => !line.startsWith('one-710: repaired: '))).toEqual([]);
  watcher = undefined;
  await domain.destroy();
});
