// Measures what the guard adds to the migration of a healthy VM, and how soon QEMU has its disks back after a
// failure.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { argvOf } from '../src/os/isolated';
import { virshHere } from '../src/hypervisor/virsh-argv';
import { asKeyHolder } from '../src/os/ssh';
import type { GuardReport } from '../src/move/move-report';
import { Gate, latePath } from '../test/lab/move/command-barrier';
import { type Domain, type Host, Lab } from '../test/lab/harness';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { differences, ratios, spreadOf } from './measure/statistics';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const rounds = 10;
type Way = 'unguarded' | 'guarded';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  say('starting two hosts');
  const lab = await Lab.start();
  try {
    const results = [...(await measureHealthy(lab)), ...(await measureWindow(lab))];
    const report: Report = { bench: 'guard: what it adds to a live migration', machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await lab.stop();
  }
}

/**
 * One variant migrates there and the other back, and in the next round the other way round, so that both variants use
 * both hosts as the source.
 */
async function measureHealthy(lab: Lab): Promise<Result[]> {
  const [one, other] = [lab.host('kvm1'), lab.host('kvm2')];
  const domain = await lab.startDomain(310);
  const times: Record<Way, number[]> = { unguarded: [], guarded: [] };
  // The very first migration fills caches for all later ones.
  await move(domain, 'unguarded', one, other);
  await move(domain, 'guarded', other, one);
  for (let round = 0; round < rounds; round += 1) {
    say(`a healthy VM, round ${round + 1} of ${rounds}`);
    for (const [there, back] of [
      ['unguarded', 'guarded'],
      ['guarded', 'unguarded'],
    ] as const) {
      times[there].push(await move(domain, there, one, other));
      times[back].push(await move(domain, back, other, one));
    }
  }
  await domain.on(one).destroy();
  const { unguarded, guarded } = times;
  return [
    { what: 'virsh migrate --live, a healthy VM', unit: 'ms', value: spreadOf(unguarded) },
    { what: 'migrate-guard migrate, the same VM', unit: 'ms', value: spreadOf(guarded) },
    {
      what: '… more than virsh alone, in turns',
      unit: 'ms',
      value: spreadOf(differences(guarded, unguarded)),
      budget: 400,
    },
    { what: '… against virsh alone, in turns', unit: '×', value: spreadOf(ratios(guarded, unguarded)) },
  ];
}

/** @returns milliseconds from the start of the command to its end */
async function move({ name, uuid }: Domain, way: Way, from: Host, to: Host): Promise<number> {
  // The guard uses exactly this command line.
  const virsh = virshHere('migrate', '--live', uuid, `qemu+ssh://${to.name}/system`);
  const argv = {
    unguarded: argvOf(asKeyHolder('oneadmin', virsh, 'used')),
    guarded: [process.execPath, program, 'migrate', name, to.name],
  } as const;
  const started = performance.now();
  await from.succeed(argv[way], { deadline: 60_000 });
  return performance.now() - started;
}

/** On QEMU 7.2.0 the guest's next write may abort QEMU, until it has its disks back. */
async function measureWindow(lab: Lab): Promise<Result[]> {
  const windows: number[] = [];
  const waits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    say(`a failure on QEMU 7.2.0, round ${round + 1} of ${rounds}`);
    const domain = await lab.startDomain(320 + round, { emulator: 'affected' });
    const { environment: env } = Gate.on(domain.host, { beforeMove: latePath(lab, domain) });
    const argv = [process.execPath, program, 'migrate', domain.name, 'kvm2', '--json'] as const;
    const { stdout } = await domain.host.succeed(argv, { deadline: 60_000, env });
    const { reactivation, reactivationWait } = JSON.parse(stdout) as GuardReport;
    if (reactivation === undefined || reactivationWait === undefined)
      throw new Error(`${domain.name} did not fail as it was to: ${stdout}`);
    windows.push(reactivation);
    waits.push(reactivationWait);
    await domain.on(lab.host('kvm2')).destroy();
  }
  return [
    {
      what: 'end of libvirt’s job → disks back, QEMU 7.2.0',
      unit: 'ms',
      value: spreadOf(windows),
      budget: 100,
    },
    { what: '… until the destination has no copy', unit: 'ms', value: spreadOf(waits) },
    { what: '… from then on', unit: 'ms', value: spreadOf(differences(windows, waits)) },
  ];
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

void main();
