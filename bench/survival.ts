// Measures whether guests live through plain `virsh migrate` on QEMU 7.2.0, with migrate-guard watch on both hosts.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  affectedQemu,
  type Domain,
  HostWatcher,
  Lab,
  letRepair,
  until,
  type Volume,
} from '../test/lab/harness';
import { InactiveTime } from './measure/inactive-time';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { spreadOf } from './measure/statistics';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const moves = 20;
/** Of each kind: a guest that dies has to be started again. */
const failures = 10;
/** How often a guest writes, in milliseconds. */
const intervals = [1000, 100, 10, 1];
const countedMs = 5000;
const givenBack = 'disks given back to QEMU by ';

/** How a guest came through a hand-over that failed. `window`: how long QEMU was without the disk, in milliseconds. */
type End = { readonly window: number } | 'died';

class Stage {
  private vmId = 310;

  private constructor(
    readonly lab: Lab,
    private readonly watchers: readonly HostWatcher[],
    private readonly volumes: readonly [Volume, Volume],
  ) {}

  static async start(): Promise<Stage> {
    const lab = await Lab.start();
    try {
      for (const host of lab.hosts) await host.succeed([host.node, program, 'layout', affectedQemu()]);
      const volumes = [await lab.volume(), await lab.volume()] as const;
      return new Stage(lab, await Promise.all(lab.hosts.map((host) => HostWatcher.start(host))), volumes);
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  /** A VM with two disks; its guest writes to the first so often, or not at all. */
  start(intervalMs: number | undefined): Promise<Domain> {
    this.vmId += 1;
    if (intervalMs === undefined) return this.lab.startSilent(this.vmId, { emulator: 'affected' });
    const [first, second] = this.volumes;
    first.installTimedGuest(intervalMs);
    const disks = [
      { target: 'hda', volume: first },
      { target: 'hdb', volume: second },
    ];
    return this.lab.startDomain(this.vmId, { emulator: 'affected', disks });
  }

  watcherOf({ host }: Domain): HostWatcher {
    return this.watchers.find((watcher) => watcher.host === host) as HostWatcher;
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = { ...describeMachine(), QEMU: '7.2.0' };
  const stage = await Stage.start();
  try {
    const results = [await moveRepaired(stage)];
    const silent = await stage.start(undefined);
    const windows = (await failMoves(stage, silent, undefined)).filter((end) => end !== 'died');
    const known = windows.map(({ window }) => window);
    if (known.length === 0) throw new Error('no guest lived through a hand-over that failed');
    results.push({
      what: 'a hand-over fails, no write → the disks are given back',
      unit: 'ms',
      value: spreadOf(known),
    });
    for (const interval of intervals) results.push(await measureFailed(stage, interval, known));
    const report: Report = { bench: 'survival', machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await stage.lab.stop();
  }
}

/** Its path is re-pointed, the watcher repairs it, it moves: there and back again. */
async function moveRepaired(stage: Stage): Promise<Result> {
  const interval = Math.min(...intervals);
  let domain = await stage.start(interval);
  let alive = 0;
  for (let round = 0; round < moves; round += 1) {
    say(`a path is repaired before the move, ${round + 1} of ${moves}`);
    const watcher = stage.watcherOf(domain);
    const { length } = watcher.output;
    stage.lab.relink(domain, 1, `moved-${round}`);
    await watcher.says(`${domain.name}: repaired: `, length);
    const destination = stage.lab.hosts.find((host) => host !== domain.host)?.name as string;
    const { exit, stderr } = await stage.lab.migrate(domain, destination);
    if (exit !== 0) throw new Error(`the migration failed: ${stderr}`);
    domain = domain.on(stage.lab.host(destination));
    if (await writesOn(domain)) alive += 1;
  }
  await domain.destroy();
  return share(`the path is repaired before the move, a write every ${interval} ms: alive`, alive, moves);
}

async function measureFailed(stage: Stage, interval: number, windows: readonly number[]): Promise<Result> {
  const first = await stage.start(interval);
  const real = await writeInterval(first);
  const ends = await failMoves(stage, first, interval);
  const alive = ends.filter((end) => end !== 'died').length;
  const expected = windows.map((window) => Math.max(0, 100 * (1 - window / interval)));
  const { compared, ...rest } = share(
    `the path breaks during the copy, a write every ${interval} ms (measured: ${real}): alive`,
    alive,
    failures,
  );
  const mean = expected.reduce((sum, one) => sum + one, 0) / expected.length;
  return { ...rest, compared: `${compared}; by the time above ${mean.toFixed(0)} %` };
}

/** Migrations fail at the hand-over, one after the other; a guest that lived through one has the next. */
async function failMoves(stage: Stage, first: Domain, interval: number | undefined): Promise<End[]> {
  const ends: End[] = [];
  let domain: Domain | undefined = await breakPath(stage, first);
  while (ends.length < failures) {
    const often = interval === undefined ? 'no write' : `a write every ${interval} ms`;
    say(`a path breaks, ${often}, ${ends.length + 1} of ${failures}`);
    domain ??= await breakPath(stage, await stage.start(interval));
    const end = await failMove(stage, domain);
    ends.push(end);
    if (end === 'died') domain = undefined;
  }
  await domain?.destroy();
  return ends;
}

/** @returns in milliseconds */
async function writeInterval(domain: Domain): Promise<string> {
  const [before, began] = [domain.counter(), performance.now()];
  await pause(countedMs);
  return ((performance.now() - began) / (domain.counter() - before)).toFixed(1);
}

/** As if its path broke too late for the watcher: it cannot be repaired. */
async function breakPath(stage: Stage, domain: Domain): Promise<Domain> {
  await letRepair(domain, false);
  stage.lab.relink(domain, 1);
  await stage.watcherOf(domain).says(`${domain.name}: blocked: `);
  return domain;
}

async function failMove(stage: Stage, domain: Domain): Promise<End> {
  const watcher = stage.watcherOf(domain);
  const { length } = watcher.output;
  const inactive = new InactiveTime(domain);
  const { exit } = await stage.lab.migrate(domain, 'kvm2');
  if (exit === 0) throw new Error('the migration was to fail');
  const line = `${domain.name}: ${givenBack}`;
  const isGivenBack = await until(
    () => !domain.alive() || (watcher.output.includes(line, length) && 'given back'),
    { what: 'the disks are given back, or QEMU has died', evidence: () => watcher.output },
  );
  const window = inactive.end();
  if (isGivenBack !== 'given back' || !(await writesOn(domain))) return 'died';
  if (window === undefined) throw new Error('it was not seen how long the disk was inactive');
  return { window };
}

/** Whether a write of the guest completes: it counts each when it begins it. */
async function writesOn(domain: Domain): Promise<boolean> {
  const before = counterOf(domain) ?? 0;
  const end = await until(
    () => {
      const now = counterOf(domain);
      return now === undefined ? 'died' : now > before + 1 && 'writes';
    },
    { what: `the guest of ${domain.name} writes, or QEMU has died` },
  );
  return end === 'writes';
}

function counterOf(domain: Domain): number | undefined {
  try {
    return domain.counter();
  } catch (error) {
    if (domain.alive()) throw error;
    return undefined;
  }
}

function share(what: string, alive: number, all: number): Result & { readonly compared: string } {
  const value = spreadOf([(100 * alive) / all]);
  return { what, unit: '%', value, compared: `${alive} of ${all}` };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

void main();
