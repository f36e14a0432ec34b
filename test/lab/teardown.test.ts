import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Lab, leftovers, type Traces, until } from './harness';

async function expectNothingLeft(traces: Traces): Promise<void> {
  // A loop device releases its file after the kernel has closed it for the last process, shortly after that process
  // has ended.
  await until(() => leftovers(traces).length === 0, {
    what: 'nothing of the lab is left',
    evidence: () => leftovers(traces),
  });
}

test('two concurrent labs are independent of each other, and one ends without the other', async () => {
  const interfaces = Object.keys(networkInterfaces());
  const labs = await Promise.all([Lab.start(), Lab.start()]);
  const [first, second] = labs;
  try {
    const domains = await Promise.all(labs.map((lab) => lab.startDomain(310)));
    const migrations = labs.map(async (lab, index) => domains[index] && lab.migrate(domains[index], 'kvm2'));
    for (const migration of await Promise.all(migrations)) expect(migration).toMatchObject({ exit: 0 });
    expect(domains[0]?.uuid).not.toBe(domains[1]?.uuid);

    const traces = first.traces();
    expect(leftovers(traces)).not.toEqual([]);
    await first.stop();
    await expectNothingLeft(traces);

    const survivor = domains[1]?.on(second.host('kvm2'));
    await survivor?.expectCounting();
    expect(await survivor?.verifyPattern()).toBeGreaterThan(0);
  } finally {
    await Promise.all(labs.map((lab) => lab.stop()));
  }
  expect(Object.keys(networkInterfaces())).toEqual(interfaces);
});

test('a lab whose process is killed leaves nothing', async () => {
  const holder = spawn(process.execPath, ['--require', 'ts-node/register', join(__dirname, 'lab-child.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  let traces: Traces | undefined;
  for await (const line of createInterface({ input: holder.stdout })) {
    traces = JSON.parse(line) as Traces;
    expect(leftovers(traces)).not.toEqual([]);
    holder.kill('SIGKILL');
  }
  await exited;
  if (traces === undefined) throw new Error('the holder ended before its lab was up');
  await expectNothingLeft(traces);
});
