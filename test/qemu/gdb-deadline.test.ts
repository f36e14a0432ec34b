import { isUnknown } from '../../src/core/facts';
import { runGdb, stoppedThreads } from '../../src/system/gdb';
import { QemuProcess } from '../../src/system/qemu-process';
import { Stage } from './stage';

// gdb that was asked to end while it attached once took the VM with it.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => stage.stop());

test('gdb is killed at any moment of its attaching: QEMU lives, runs on and counts', async () => {
  const domain = await stage.domain(340, 1);
  const qemu = QemuProcess.open(domain.outerPid, domain);
  if (isUnknown(qemu)) throw new Error(qemu.unknown);
  try {
    const script = `attach ${domain.outerPid}\nshell sleep 0.2\ndetach\n`;
    const ends = new Set<string>();
    for (let deadline = 0.02; deadline < 1.2; deadline += 0.03) {
      const result = await runGdb(qemu, script, deadline);
      ends.add(isUnknown(result) ? (/did not end/.test(result.unknown) ? 'killed' : 'ended') : 'cleared');
      expect([deadline, qemu.isAlive(), stoppedThreads(qemu)]).toEqual([deadline, true, []]);
    }
    await domain.expectCounting();
    expect(await domain.state()).toBe('running');
    // Both have to occur, or the sweep missed the moments that count.
    expect([...ends].sort()).toEqual(['ended', 'killed']);
  } finally {
    qemu.close();
  }
  await domain.destroy();
});
