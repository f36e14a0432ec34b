import { Lab } from './harness';

// Runs a lab with two VMs until teardown.test.ts kills this process.

async function hold(): Promise<void> {
  const lab = await Lab.start();
  await lab.startDomain(310);
  await lab.startDomain(311, { host: 'kvm2' });
  process.stdout.write(`${JSON.stringify(lab.traces())}\n`);
  setInterval(() => undefined, 60_000);
}

void hold();
