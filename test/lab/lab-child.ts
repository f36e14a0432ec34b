import { Lab } from './harness';

// Holds a lab with two running VMs until it is killed; teardown.test.ts does that.

async function hold(): Promise<void> {
  const lab = await Lab.start();
  await lab.startDomain(310);
  await lab.startDomain(311, { host: 'kvm2' });
  process.stdout.write(`${JSON.stringify(lab.traces())}\n`);
  setInterval(() => undefined, 60_000);
}

void hold();
