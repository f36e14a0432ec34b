import { writeLog } from './faults/failed-migration';
import { configuration, furnish } from './faults/workflow';
import { giveToQemu, placeDisk, useStage } from './harness';

// A libvirtd that hangs, on a host with many VMs of which only QEMU could tell how its disks stand.

const on = useStage();
const names = ['one-1', 'one-2', 'one-3', 'one-4'];

beforeEach(async () => {
  furnish(on.stage);
  const yaml = on.stage.host.read(configuration).replace('deadline: 5', 'deadline: 1');
  on.stage.host.file(configuration, yaml, { mode: 0o644 });
  await on.stage.host.node('/mnt/never', 'p');
  on.stage.host.file('/mnt/bin/virsh', '#!/bin/sh\necho "$*" >>/mnt/asked\nread answer </mnt/never\n', {
    mode: 0o755,
  });
  const disk = await placeDisk(on.stage, on.volume(0));
  for (const name of names) {
    await on.stage.startQemu({ name, disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
    writeLog(on.stage, name, true);
  }
});

async function run(...words: readonly string[]): Promise<{ readonly domain: string }[]> {
  const { stdout } = await on.stage.run([...words, '--json', '--config', configuration], {
    env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
  });
  return (JSON.parse(stdout) as { domains: { domain: string }[] }).domains;
}

function asked(): string[] {
  return on.stage.host.read('/mnt/asked').trimEnd().split('\n');
}

test.each([
  ['inspect', { blockState: 'unknown', verdict: 'undecided' }],
  ['reset', { blockState: 'unknown', result: 'undecided' }],
])('%s --all asks it once, not once for each VM, and tells of all', async (verb, told) => {
  const domains = await run(verb, '--all');
  expect(domains).toMatchObject(names.map((domain) => ({ domain, ...told })));
  expect(asked()).toEqual([expect.stringContaining('query-status')]);
});
