import { existsSync } from 'node:fs';
import { versionNumber } from '../../../src/cli/version';
import { writeLog } from '../faults/failed-migration';
import { configuration, furnish, furnishHostHalf } from '../faults/workflow';
import { giveToQemu, placeDisk, stateDirectory, useStage } from '../harness';

// A libvirtd that hangs, on a host with many VMs whose block state only QEMU knows.

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

/** The arguments of a virsh session whose queries were not answered. */
const session = '--quiet --connect qemu:///system';

test.each([
  ['inspect --all', { blockState: 'unknown', verdict: 'undecided' }],
  ['check --all --deep', { verdict: 'undecided' }],
])('%s queries it once, not once for each VM, and reports all', async (line, reported) => {
  const domains = await run(...line.split(' '));
  expect(domains).toMatchObject(names.map((domain) => ({ domain, ...reported })));
  expect(asked()).toEqual([session]);
});

test('reset --all queries it twice, to find the affected VMs and to reset the first, and reports all', async () => {
  const domains = await run('reset', '--all');
  const reported = { blockState: 'unknown', result: 'undecided' };
  expect(domains).toMatchObject(names.map((domain) => ({ domain, ...reported })));
  expect(asked()).toEqual([session, expect.stringContaining('query-status')]);
});

test('while libvirt has a job, which may delay a query, a clear log is the only source', async () => {
  for (const name of names) {
    writeLog(on.stage, name, false);
    const status = `${stateDirectory}/${name}.xml`;
    const xml = on.stage.host.read(status).replace('<namespaces>', "<job type='none' async='backup'/>$&");
    on.stage.host.file(status, xml, { mode: 0o600 });
  }
  expect(await run('inspect', '--all')).toMatchObject(
    names.map((domain) => ({ domain, blockState: 'healthy' })),
  );
  expect(existsSync(on.stage.host.path('/mnt/asked'))).toBe(false);
});

// This is longer than the probe's time for all VMs: after that time, no new query starts.
test.each([
  ['audit', 1],
  ['probe', 60],
])('the agent’s %s: the same, where each answer may take %i s', async (action, deadline) => {
  furnishHostHalf(on.stage);
  const place = '/etc/migrate-guard/config.yaml';
  const yaml = on.stage.host.read(place).replace('deadline: 5', `deadline: ${deadline}`);
  on.stage.host.file(place, yaml, { mode: 0o644 });
  const input = `${JSON.stringify({ version: versionNumber, action })}\n`;
  const env = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };
  const { exit, stdout } = await on.stage.run(['host'], { input, env });
  const end = stdout.trim().split('\n').at(-1) ?? '';
  expect([exit, JSON.parse(end)]).toMatchObject([0, { kind: 'end', what: '4 VMs' }]);
  expect(asked()).toEqual([expect.stringContaining('query-status')]);
});
