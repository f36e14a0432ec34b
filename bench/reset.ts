// Measures how long the guest is paused by each remedy, compared with the gdb of the incident, which attached first
// and loaded symbols afterwards.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import {
  affectedQemu,
  type Domain,
  Host,
  migrateToSink,
  relinkDisk,
  startDomain,
  Volume,
} from '../test/lab/harness';
import { counterAddress } from '../test/qemu/block-state/guest-writes';
import { locateQemu } from './measure/located-qemu';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { ratios, spreadOf } from './measure/statistics';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const rounds = 12;
const naive = 'gdb -p, as in the incident';
const ways = ['nothing', 'cont', 'suspend-resume', 'memory', 'gdb', naive] as const;

interface Seen {
  readonly stopped: number;
  readonly longestGap: number;
  readonly interval: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = { ...describeMachine(), QEMU: '7.2.0, with debug information' };
  const host = await Host.start({ name: 'kvm1' });
  const volume = await Volume.create();
  try {
    volume.installGuest({ writesTo: [0] });
    const disks = [{ target: 'vda', volume }];
    const domain = await startDomain(host, { disks, emulator: 'affected' });
    relinkDisk(domain);
    await host.succeed([process.execPath, program, 'layout', affectedQemu()]);
    const seen = new Map<string, Seen[]>(ways.map((way) => [way, []]));
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`);
      for (const way of ways) {
        await makeStuck(domain);
        seen.get(way)?.push(await watch(domain, () => heal(domain, way)));
      }
    }
    const report: Report = {
      bench: 'reset: how long the guest stands still',
      machine,
      results: results(seen),
    };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await host.stop();
    volume.release();
  }
}

function results(seen: ReadonlyMap<string, readonly Seen[]>): Result[] {
  const stopped = (way: string): number[] => (seen.get(way) ?? []).map((one) => one.stopped);
  const gaps = (way: string): number[] => (seen.get(way) ?? []).map((one) => one.longestGap);
  const slowest = spreadOf(stopped(naive)).median;
  const all = [...seen.values()].flat();
  return [
    ...ways.map((way): Result => {
      const value = spreadOf(stopped(way));
      const compared =
        way === naive
          ? ''
          : value.median === 0
            ? 'no stop was seen'
            : `${(slowest / value.median).toFixed(0)} times shorter`;
      const budget = way === 'gdb' ? { budget: 20 } : way === 'cont' || way === 'memory' ? { budget: 0 } : {};
      return { what: `${way}: guest stopped`, unit: 'ms', value, compared, ...budget };
    }),
    {
      what: 'gdb against the gdb of the incident, in turns',
      unit: '×',
      value: spreadOf(ratios(stopped('gdb'), stopped(naive))),
    },
    // The guest counts with the BIOS clock, every 55 ms.
    ...ways.map((way): Result => ({
      what: `${way}: longest pause of its counter`,
      unit: 'ms',
      value: spreadOf(gaps(way)),
    })),
    { what: 'interval between two looks', unit: 'ms', value: spreadOf(all.map(({ interval }) => interval)) },
  ];
}

async function makeStuck(domain: Domain): Promise<void> {
  const { status } = await migrateToSink(domain);
  if (status !== 'failed') throw new Error(`the migration was to fail, but ${status ?? 'QEMU died'}`);
}

async function heal({ host, name, pid }: Domain, way: (typeof ways)[number]): Promise<void> {
  if (way === 'nothing') {
    await host.succeed(['sleep', '0.3']);
  } else if (way === naive) {
    const clear = 'set var block_backends.tqh_first->disable_perm = 0';
    await host.succeed(['gdb', '-nx', '-batch', '-p', String(pid), '-ex', clear, '-ex', 'detach']);
  } else {
    await host.succeed([process.execPath, program, 'reset', name, '--strategy', way]);
  }
}

async function watch(domain: Domain, work: () => Promise<void>): Promise<Seen> {
  const { qemu, known } = locateQemu(domain);
  qemu.close();
  const address = known.bias + known.layout.symbols.current_run_state;
  const running = known.layout.runStates.indexOf('running');
  const pid = domain.outerPid;
  const words = [pid, vcpuOf(pid), address, running, counterAddress(pid)].map(String);
  const script = join(__dirname, 'measure/watch-guest.ts');
  const watcher = spawn(process.execPath, ['-r', 'ts-node/register/transpile-only', script, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(watcher.stdout, 'data');
  await domain.expectCounting();
  await work();
  await domain.expectCounting();
  watcher.stdin.end();
  return JSON.parse(await text(watcher.stdout)) as Seen;
}

/** libvirt starts QEMU with `debug-threads=on`, so the vCPU's thread is called `CPU 0/TCG` or `CPU 0/KVM`. */
function vcpuOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const thread = readdirSync(tasks).find((task) =>
    readFileSync(`${tasks}/${task}/comm`, 'latin1').startsWith('CPU 0/'),
  );
  if (thread === undefined) throw new Error(`process ${pid} has no thread of a processor`);
  return Number(thread);
}

void main();
