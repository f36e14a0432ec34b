// Measures what the watcher of a host costs, and how soon it has repaired what a storage update breaks.
import { lstatSync, watch as watchDirectory, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Domain, Host, HostWatcher, until, type Volume } from '../test/lab/harness';
import { LastingUsage } from './measure/lasting-usage';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { spreadOf } from './measure/statistics';
import { usageOf } from './measure/usage';
import { Crowd } from './stage/crowd';
import { disksOf, type StageDisk } from './stage/stage-disks';
import { disksPerDomain, startRealDomains } from './stage/real-domains';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const configuration = '/run/migrate-guard-lab/bench.yaml';
const [few, many, behindLink] = [100, 300, 20];
const idleMinutes = Number(process.env['MIGRATE_GUARD_IDLE'] || 10);
const rounds = 50;
const settledMs = 3000;
const [changes, changesSeconds] = [10_000, 10];

interface Stage {
  readonly host: Host;
  readonly real: readonly Domain[];
  readonly crowd: Crowd;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  const volumes: Volume[] = [];
  const host = await Host.start({ name: 'kvm1' });
  try {
    say(`starting ${behindLink} VMs`);
    const real = await startRealDomains(host, behindLink, volumes);
    const crowd = await Crowd.start(host, real[0] as Domain, many - behindLink);
    const stage = { host, real, crowd };
    crowd.show(few - behindLink);
    const results = await underWatch(host, async (watcher, usage) => [
      ...(await measureDelay(stage, watcher)),
      ...(await measureIdle(stage, watcher, usage)),
    ]);
    crowd.show(many - behindLink);
    // libvirtd does not know the VMs of a crowd, and virsh would be started for each to ask why.
    writeFileSync(host.path(configuration), 'check: { ask_qemu: no }\n', { mode: 0o644 });
    const options = ['--config', configuration];
    results.push(
      ...(await underWatch(host, (watcher, usage) => measureBurst(stage, watcher, usage), options)),
    );
    await crowd.end();
    const report: Report = { bench: 'watch', machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await host.stop();
    for (const volume of volumes) volume.release();
  }
}

async function underWatch(
  host: Host,
  measure: (watcher: HostWatcher, usage: LastingUsage) => Promise<Result[]>,
  options: readonly string[] = [],
): Promise<Result[]> {
  const watcher = await HostWatcher.start(host, options);
  const { pid } = await watcher.sees('every VM', ({ domains }) => {
    return Object.values(domains).every(({ verdict }) => verdict === 'safe');
  });
  const usage = new LastingUsage(host, pid);
  try {
    return await measure(watcher, usage);
  } finally {
    usage.end();
    await watcher.end();
  }
}

/** Some VMs have one link on the paths of all their disks; it is re-pointed to new directories of links. */
async function measureDelay({ host, real }: Stage, watcher: HostWatcher): Promise<Result[]> {
  const disks = real.flatMap(disksOf);
  // QEMU sees this link of the host, and not the new directories below /dev.
  const shared = '/var/lib/one/datastores/current';
  const prepare = (round: number): void => {
    for (const { name, device } of disks) host.link(`/dev/update-${round}/${name}`, `../${device}`);
  };
  const rePoint = (round: number): void => host.link(shared, `/dev/update-${round}`);
  const repaired = async (from: number): Promise<void> => {
    for (const { domain } of disks) await watcher.says(`${domain}: repaired: `, from);
  };
  prepare(0);
  rePoint(0);
  for (const { name, path } of disks) host.link(path, `${shared}/${name}`);
  await repaired(0);
  const times: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`a link of ${behindLink} VMs is re-pointed, ${round} of ${rounds}`);
    // They are looked at once more, as after each change of their paths.
    prepare(round);
    await pause(settledMs);
    const { length } = watcher.output;
    const began = performance.now();
    rePoint(round);
    await repaired(length);
    times.push(performance.now() - began);
  }
  const what = `a link of ${behindLink} of ${few} VMs is re-pointed → all are repaired`;
  return [{ what, unit: 'ms', value: spreadOf(times), budget: 1500 }];
}

async function measureIdle(
  { host, real, crowd }: Stage,
  watcher: HostWatcher,
  usage: LastingUsage,
): Promise<Result[]> {
  const empty: number[] = [];
  for (let round = 0; round < 5; round += 1)
    empty.push((await usageOf(host, [process.execPath, '-e', '0'])).processor);
  const directories = new Set(
    [...real.flatMap(disksOf), ...crowd.disks.slice(0, (few - behindLink) * disksPerDomain)].map(({ path }) =>
      dirname(path),
    ),
  );
  const writers = host.start(['perl', join(__dirname, 'stage/writers.pl'), ...directories]);
  try {
    const { size } = directories;
    await watcher.sees('that files are written to', ({ directories: { polled } }) => polled >= size);
    await pause(settledMs);
    say(`${idleMinutes} minutes without a change`);
    usage.reset();
    const [before, began] = [usage.processor, performance.now()];
    await pause(idleMinutes * 60_000);
    const spent = usage.processor - before;
    const share = (100 * spent) / (performance.now() - began);
    const node = spreadOf(empty);
    const compared = `in all ${(spent / node.median).toFixed(1)} × node -e 0`;
    const what = `${few} VMs, no change for ${idleMinutes} min, files beside the disks are written to: of one processor`;
    return [
      { what: 'node -e 0, processor time', unit: 'ms', value: node },
      { what, unit: '%', value: spreadOf([share]), compared, budget: 0.1 },
      { what: '… memory at most', unit: 'MiB', value: spreadOf([usage.memory]), budget: 140 },
    ];
  } finally {
    writers.stdin.end();
  }
}

/** The links of all disks are re-pointed again and again, and at last to where they have never led. */
async function measureBurst(
  { host, real, crowd }: Stage,
  watcher: HostWatcher,
  usage: LastingUsage,
): Promise<Result[]> {
  const disks = [...real.flatMap(disksOf), ...crowd.disks];
  for (const { name, device } of disks)
    for (const directory of ['one', 'other', 'last']) host.link(`/dev/${directory}/${name}`, `../${device}`);
  const input = Array.from({ length: changes }, (_, change) => {
    const { name, path } = disks[change % disks.length] as StageDisk;
    const isLast = change >= changes - disks.length;
    const isOther = Math.floor(change / disks.length) % 2 === 1;
    return `${path} /dev/${isLast ? 'last' : isOther ? 'other' : 'one'}/${name}\n`;
  }).join('');
  say(`${changes} changes in ${changesSeconds} s`);
  usage.reset();
  const [before, spent, began] = [usage.memory, usage.processor, performance.now()];
  // Each look at some VMs writes the state once.
  let looks = 0;
  const state = watchDirectory(host.path('/run/migrate-guard'), (event, name) => {
    if (event === 'rename' && name === 'watch.json') looks += 1;
  });
  await host.succeed(['perl', join(__dirname, 'stage/re-point.pl'), String(changesSeconds)], { input });
  const ended = performance.now();
  const isWhole = ({ pid, name }: StageDisk): boolean =>
    lstatSync(host.path(`/proc/${pid}/root/dev/last/${name}`), { throwIfNoEntry: false }) !== undefined;
  await until(() => disks.every(isWhole), {
    what: 'every disk has its last path',
    evidence: () => watcher.output.slice(-2000),
  });
  const now = performance.now();
  state.close();
  const safe = await host.run([process.execPath, program, 'check', '--all']);
  if (safe.exit !== 0) throw new Error(`not every VM is safe: ${safe.stdout}`);
  const { directories } = await watcher.sees('itself', () => true);
  const limit = Number(host.read('/proc/sys/fs/inotify/max_user_watches'));
  return [
    {
      what: `${changes} changes in ${((ended - began) / 1000).toFixed(1)} s, ${many} VMs: the last → all are repaired`,
      unit: 's',
      value: spreadOf([(now - ended) / 1000]),
    },
    {
      what: '… looks, with each VM at most once in each',
      unit: 'per second',
      value: spreadOf([(1000 * looks) / (now - began)]),
      budget: 1,
    },
    { what: '… processor time', unit: 's', value: spreadOf([(usage.processor - spent) / 1000]) },
    { what: '… memory before', unit: 'MiB', value: spreadOf([before]) },
    { what: '… memory at most', unit: 'MiB', value: spreadOf([usage.memory]), budget: 140 },
    {
      what: `watched by events, ${many} VMs of ${disksPerDomain} disks`,
      unit: 'directories',
      value: spreadOf([directories.events]),
      compared: `more than ${Math.floor(limit / 4)} would be polled here`,
    },
  ];
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

void main();
