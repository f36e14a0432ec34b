// Measures how long `check` takes, and its memory, on a host with real domains and with many that look like real
// ones.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Domain, Host, type Volume } from '../test/lab/harness';
import { addArguments } from '../src/disk-paths/model/opened-by-qemu';
import { describeMachine } from './measure/machine';
import { peerCommand } from './measure/peer';
import { renderReport, type Report, type Result } from './measure/result';
import { differences, growth, ratios, spreadOf } from './measure/statistics';
import { inTurns } from './measure/stopwatch';
import { usageOf } from './measure/usage';
import { Crowd } from './stage/crowd';
import { disksPerDomain, startRealDomains } from './stage/real-domains';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const emptyNode = [process.execPath, '-e', '0'];
const guard = (...args: readonly string[]): string[] => [process.execPath, program, ...args];
/** The least time that any access check with the credentials of QEMU's user takes. */
const twoNodes = [process.execPath, join(__dirname, 'measure/two-nodes.cjs'), '9869'];

const realDomains = 9;
const [few, connection, many, most] = [10, 155, 300, 1000];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  const volumes: Volume[] = [];
  say('starting a host with its own libvirtd');
  const host = await Host.start({ name: 'kvm1' });
  try {
    say(`starting ${realDomains} VMs of ${disksPerDomain} disks`);
    const domains = await startRealDomains(host, realDomains, volumes);
    const one = await measureOne(host);
    const [loop, ...peers] = await measureShell(host, domains);
    const deep = [...(await measureDeep(host, domains)), await measureOpen(host, first(domains))];
    say(`starting ${most} stand-ins`);
    const crowd = await Crowd.start(host, first(domains), most);
    const all = await measureMany(host, crowd, loop);
    const memory = await measureMemory(host, crowd);
    const results = [...one, loop, ...peers, ...deep, ...all, ...memory];
    await crowd.end();
    const report: Report = { bench: 'check', machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await host.stop();
    for (const volume of volumes) volume.release();
  }
}

async function measureOne(host: Host): Promise<Result[]> {
  say('one domain, against an empty node');
  const [empty = [], one = [], least = []] = await inTurns(host, 60, [
    { argv: emptyNode },
    { argv: guard('check', 'one-310') },
    { argv: twoNodes },
  ]);
  return [
    { what: 'node -e 0', unit: 'ms', value: spreadOf(empty) },
    { what: 'check of one healthy domain, whole process', unit: 'ms', value: spreadOf(one) },
    { what: '… against node -e 0, in turns', unit: '×', value: spreadOf(ratios(one, empty)), budget: 2.2 },
    {
      what: 'a Node that starts an empty one as another user, against node -e 0, in turns',
      unit: '×',
      value: spreadOf(ratios(least, empty)),
    },
  ];
}

/** The VMs are real, because libvirtd's answers take a large part of the time. */
async function measureShell(host: Host, domains: readonly Domain[]): Promise<[Result, ...Result[]]> {
  say('the same question, asked by a shell loop');
  const names = domains.map(({ name }) => name);
  const loop = [join(__dirname, 'measure/shell-loop.sh'), ...names];
  const peer = peerCommand(...names);
  const [times = [], peers] = await inTurns(host, 8, [{ argv: loop }, ...(peer ? [{ argv: peer }] : [])]);
  const perVm = (all: readonly number[]): Result['value'] => spreadOf(all.map((time) => time / names.length));
  const what = `per real VM of ${disksPerDomain} disks`;
  return [
    { what: `shell loop, ${what}`, unit: 'ms', value: perVm(times) },
    ...(peers ? [{ what: `the peer, ${what}`, unit: 'ms' as const, value: perVm(peers) }] : []),
  ];
}

/**
 * Three points on one line show what each domain costs beyond start-up, and whether this cost grows with their
 * number.
 */
async function measureMany(host: Host, crowd: Crowd, loop: Result): Promise<Result[]> {
  const counts = [few, connection, many] as const;
  say(`check --all, ${counts.join(', ')} domains`);
  const times: number[][] = counts.map(() => []);
  for (let round = 0; round < 12; round += 1) {
    for (const [column, count] of counts.entries()) {
      crowd.show(count - realDomains);
      const [checked = []] = await inTurns(host, 1, [{ argv: guard('check', '--all') }]);
      times[column]?.push(...checked);
    }
  }
  const [atFew = [], atHalf = [], atMany = []] = times;
  const whole = spreadOf(atMany);
  const faster = (loop.value.median * many) / whole.median;
  return [
    {
      what: `check --all, ${many} domains of ${disksPerDomain} disks, whole process`,
      unit: 'ms',
      value: whole,
      compared: `${faster.toFixed(0)} times as fast as the loop`,
    },
    {
      what: `… per domain, beyond start-up (${few} to ${many})`,
      unit: 'ms',
      value: spreadOf(growth(atFew, atMany, many - few)),
      budget: 3,
    },
    {
      what: `… of the domains ${connection} to ${many}, against ${few} to ${connection}`,
      unit: '×',
      value: spreadOf(
        ratios(growth(atHalf, atMany, many - connection), growth(atFew, atHalf, connection - few)),
      ),
      budget: 1.1,
    },
  ];
}

async function measureMemory(host: Host, crowd: Crowd): Promise<Result[]> {
  const results: Result[] = [];
  for (const [count, ...options] of [[few], [100], [most], [most, '--json']] as const) {
    const what = ['memory at most, with its child,', count, 'domains', ...options].join(' ');
    say(what);
    crowd.show(count - realDomains);
    const peaks = [];
    for (let run = 0; run < 3; run += 1)
      peaks.push((await usageOf(host, guard('check', '--all', ...options))).memory);
    const budget = count === most ? { budget: 140 } : {};
    results.push({ what, unit: 'MiB', value: spreadOf(peaks), ...budget });
  }
  return results;
}

/**
 * A deep check queries QEMU through libvirtd, on real VMs. Its overhead is the time beyond the same queries by a
 * single virsh, and of both only the growth with the number of domains.
 */
async function measureDeep(host: Host, domains: readonly Domain[]): Promise<Result[]> {
  say('check --deep, of one domain and of all');
  const names = domains.map(({ name }) => name);
  const nodes = { execute: 'query-named-block-nodes', arguments: { flat: true } };
  // The block nodes for their paths, and QEMU's run state; the run state because these guests are suspended, and once
  // more because QEMU is not asked to open anything while its guest does not run.
  const standing = ['query-status', 'query-status', 'query-migrate', 'query-blockstats'].map((execute) => ({
    execute,
  }));
  const questions = [nodes, nodes, ...standing].map((question) => JSON.stringify(question));
  const virsh = (...asked: readonly string[]): string[] => [
    ...['virsh', '--quiet', '--connect', 'qemu:///system'],
    asked
      .flatMap((name) => questions.map((question) => `qemu-monitor-command --domain ${name} '${question}'`))
      .join('; '),
  ];
  const one = first(names);
  const [checkOne = [], checkAll = [], askOne = [], askAll = []] = await inTurns(host, 15, [
    { argv: guard('check', one, '--deep') },
    { argv: guard('check', '--all', '--deep') },
    { argv: virsh(one) },
    { argv: virsh(...names) },
  ]);
  const [whole, answered] = [
    growth(checkOne, checkAll, names.length - 1),
    growth(askOne, askAll, names.length - 1),
  ];
  return [
    {
      what: `check --all --deep, per real VM of ${disksPerDomain} disks`,
      unit: 'ms',
      value: spreadOf(whole),
    },
    { what: '… the same questions, asked by one virsh', unit: 'ms', value: spreadOf(answered) },
    {
      what: '… beyond what libvirtd takes to answer',
      unit: 'ms',
      value: spreadOf(differences(whole, answered)),
      budget: 15,
    },
  ];
}

/**
 * While QEMU opens a disk it holds the lock for which its guest waits, so the guest is paused for at most as long as
 * `blockdev-add` and `blockdev-del` take, compared with two commands that do nothing.
 */
async function measureOpen(host: Host, { name, disks }: Domain): Promise<Result> {
  say('QEMU opens a disk');
  const opens = 20;
  const virsh = (...commands: readonly object[]): string[] => [
    ...['virsh', '--quiet', '--connect', 'qemu:///system'],
    Array.from({ length: opens }, () => commands)
      .flat()
      .map((command) => `qemu-monitor-command --domain ${name} '${JSON.stringify(command)}'`)
      .join('; '),
  ];
  const node = 'migrate-guard-bench';
  const add = addArguments(node, 'host_device', first(disks).path, { direct: true, aio: 'native' });
  const [opened = [], asked = []] = await inTurns(host, 15, [
    {
      argv: virsh(
        { execute: 'blockdev-add', arguments: add },
        { execute: 'blockdev-del', arguments: { 'node-name': node } },
      ),
    },
    { argv: virsh({ execute: 'query-status' }, { execute: 'query-status' }) },
  ]);
  return {
    what: 'QEMU opens one disk: the longest that its guest can be paused',
    unit: 'ms',
    value: spreadOf(differences(opened, asked).map((time) => time / opens)),
  };
}

function first<T>(list: readonly T[]): T {
  const [item] = list;
  if (item === undefined) throw new Error('the list is empty');
  return item;
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

void main();
