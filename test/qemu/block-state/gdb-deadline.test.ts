import { isUnknown } from '../../../src/core/unknown';
import { runGdb, stoppedThreads } from '../../../src/block-state/io/gdb';
import { QemuProcess } from '../../../src/hypervisor/process';
import { ifMade } from '../../support/if-made';
import { Stage } from '../qemu-stage';

// SIGTERM to gdb while it attached once killed the VM, too.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => ifMade(stage, (made) => made.stop()));

test('gdb is killed at any moment of its attaching: QEMU lives, runs and counts', async () => {
  const domain = await stage.domain(340, 1);
  const qemu = QemuProcess.open(domain.outerPid, domain);
  if (isUnknown(qemu)) throw new Error(qemu.unknown);
  try {
    const script = `attach ${domain.outerPid}\nshell sleep 0.2\ndetach\n`;
    const endsOf = async (deadline: number): Promise<string> => {
      const result = await runGdb(qemu, script, deadline);
      expect([deadline, qemu.isAlive(), stoppedThreads(qemu)]).toEqual([deadline, true, []]);
      return isUnknown(result) ? (/did not end/.test(result.unknown) ? 'killed' : 'ended') : 'cleared';
    };
    const began = performance.now();
    expect(await endsOf(60)).toBe('ended');
    // The deadlines are in steps, up to the time that gdb takes on this machine.
    const whole = (performance.now() - began) / 1000;
    let killed = 0;
    for (let step = 1; step < 40; step += 1)
      if ((await endsOf((whole * step) / 40)) === 'killed') killed += 1;
    await domain.expectCounting();
    expect(await domain.state()).toBe('running');
    expect(killed).toBeGreaterThan(0);
  } finally {
    qemu.close();
  }
  await domain.destroy();
});
