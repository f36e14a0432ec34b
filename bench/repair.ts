// How long it takes to mend one VM whose links are missing in QEMU's mount namespace, beside the shell's way.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Domain, Host, relinkDisk, type Volume } from '../test/lab/harness';
import { describeMachine } from './measure/machine';
import { peerCommand } from './measure/peer';
import { renderReport, type Report, type Result } from './measure/result';
import { ratios, spreadOf } from './measure/statistics';
import { inTurns } from './measure/stopwatch';
import { disksPerDomain, startRealDomains } from './stage/real-domains';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const rounds = 20;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  const volumes: Volume[] = [];
  const host = await Host.start({ name: 'kvm1' });
  try {
    const [domain] = await startRealDomains(host, 1, volumes);
    if (!domain) throw new Error('no VM was started');
    for (let disk = 0; disk < disksPerDomain; disk += 1) relinkDisk(domain, disk);
    const report: Report = { bench: 'repair', machine, results: await measure(host, domain) };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await host.stop();
    for (const volume of volumes) volume.release();
  }
}

async function measure(host: Host, { name, pid }: Domain): Promise<Result[]> {
  process.stderr.write(`a VM whose ${disksPerDomain} disks have lost their links is mended, in turns\n`);
  const lose = {
    argv: ['nsenter', '--target', String(pid), '--mount', '--', 'rm', '-rf', '/dev/storpool-byid'],
  };
  const ways: { what: string; argv: readonly string[] }[] = [
    {
      what: `repair of a VM with ${disksPerDomain} disks, planned and proved`,
      argv: [process.execPath, program, 'repair', name],
    },
    { what: 'shell script, which proves nothing', argv: [join(__dirname, 'measure/shell-repair.sh'), name] },
  ];
  const peer = peerCommand(name);
  if (peer) ways.push({ what: 'the peer', argv: peer });
  for (const { what, argv } of ways) {
    await host.succeed(lose.argv as [string, ...string[]]);
    await host.succeed(argv as [string, ...string[]]);
    const { exit, stdout } = await host.run([process.execPath, program, 'check', name]);
    if (exit !== 0) throw new Error(`${what} does not mend it: ${stdout}`);
  }
  const columns = await inTurns(
    host,
    rounds,
    ways.flatMap(({ argv }) => [lose, { argv }]),
  );
  const times = ways.map((_, index) => columns[2 * index + 1] ?? []);
  const [own = [], shell = []] = times;
  return [
    ...ways.map(({ what }, index): Result => ({ what, unit: 'ms', value: spreadOf(times[index] ?? []) })),
    { what: 'repair against the shell script, in turns', unit: '×', value: spreadOf(ratios(own, shell)) },
  ];
}

void main();
