// Measures how long the repair takes of one VM, and of all VMs of a host, whose links are missing in QEMU's mount
// namespace, compared with a shell script.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Domain, Host, relinkDisk, type Volume } from '../test/lab/harness';
import { describeMachine } from './measure/machine';
import { peerCommand } from './measure/peer';
import { renderReport, type Report, type Result } from './measure/result';
import { growth, ratios, spreadOf } from './measure/statistics';
import { inTurns } from './measure/stopwatch';
import { Crowd } from './stage/crowd';
import { disksPerDomain, startRealDomains } from './stage/real-domains';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const rounds = 20;
const [few, many] = [10, 100];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  const volumes: Volume[] = [];
  const host = await Host.start({ name: 'kvm1' });
  try {
    const [domain] = await startRealDomains(host, 1, volumes);
    if (!domain) throw new Error('no VM was started');
    for (let disk = 0; disk < disksPerDomain; disk += 1) relinkDisk(domain, disk);
    const crowd = await Crowd.start(host, domain, many - 1);
    const results = [...(await measureOne(host, domain)), ...(await measureAll(host, crowd))];
    await crowd.end();
    const report: Report = { bench: 'repair', machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await host.stop();
    for (const volume of volumes) volume.release();
  }
}

async function measureOne(host: Host, { name, pid }: Domain): Promise<Result[]> {
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

/** The real VM and the modelled ones; all of them lose all links before each round. */
async function measureAll(host: Host, crowd: Crowd): Promise<Result[]> {
  process.stderr.write(`repair --all, ${few} and ${many} VMs\n`);
  crowd.relinkDisks();
  const argv = [process.execPath, program, 'repair', '--all'];
  const times = new Map<number, number[]>([few, many].map((count) => [count, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [count, column] of times) {
      crowd.show(count - 1);
      crowd.loseLinks(count - 1);
      const [[time = NaN] = []] = await inTurns(host, 1, [{ argv }], 0);
      // The first round fills the caches.
      if (round > 0) column.push(time);
    }
  }
  const { stdout } = await host.succeed([process.execPath, program, 'check', '--all', '--json']);
  const { domains } = JSON.parse(stdout) as { domains: readonly { verdict: string }[] };
  const safe = domains.filter(({ verdict }) => verdict === 'safe').length;
  if (safe !== many) throw new Error(`repair --all has mended ${safe} of ${many} VMs`);
  const [atFew = [], atMany = []] = times.values();
  return [
    { what: `repair --all of ${few} such VMs, whole process`, unit: 'ms', value: spreadOf(atFew) },
    { what: `repair --all of ${many} such VMs, whole process`, unit: 'ms', value: spreadOf(atMany) },
    {
      what: `… per VM, beyond start-up (${few} to ${many})`,
      unit: 'ms',
      value: spreadOf(growth(atFew, atMany, many - few)),
      budget: 10,
    },
  ];
}

void main();
