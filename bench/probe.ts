// Measures how much processor time the agent takes for OpenNebula's monitoring, on every host every few minutes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Host, HostWatcher, type Volume } from '../test/lab/harness';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { differences, spreadOf } from './measure/statistics';
import { usageOf } from './measure/usage';
import { Crowd } from './stage/crowd';
import { startRealDomains } from './stage/real-domains';

const agent = [process.execPath, join(__dirname, '../dist/launcher.cjs'), 'host'] as const;
const rounds = 15;
const count = 100;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  const volumes: Volume[] = [];
  const host = await Host.start({ name: 'kvm1' });
  try {
    const [domain] = await startRealDomains(host, 1, volumes);
    if (!domain) throw new Error('no VM was started');
    const crowd = await Crowd.start(host, domain, count - 1);
    crowd.show(count - 1);
    const report: Report = { bench: 'probe', machine, results: await measure(host) };
    await crowd.end();
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await host.stop();
    for (const volume of volumes) volume.release();
  }
}

async function measure(host: Host): Promise<Result[]> {
  const { stdout } = await host.succeed([process.execPath, agent[1], '--version']);
  const [version = ''] = stdout.split(' ');
  const input = `${JSON.stringify({ version, action: 'probe' })}\n`;
  const checked = await probeOften(host, input);
  const watcher = await HostWatcher.start(host);
  try {
    await watcher.sees('every VM', ({ domains }) =>
      Object.values(domains).every(
        ({ verdict, blockState }) => verdict === 'safe' && blockState === 'healthy',
      ),
    );
    const taken = await probeOften(host, input);
    return [
      { what: 'node -e 0, processor time', unit: 'ms', value: spreadOf(checked.empty) },
      {
        what: `probe of ${count} VMs, processor time of the agent and its child`,
        unit: 'ms',
        value: spreadOf(checked.probe),
      },
      beyond(checked, 250),
      { what: 'node -e 0 beside a watcher', unit: 'ms', value: spreadOf(taken.empty) },
      { what: "the same probe, from the watcher's file", unit: 'ms', value: spreadOf(taken.probe) },
      beyond(taken, 20),
    ];
  } finally {
    await watcher.end();
  }
}

interface Times {
  readonly empty: readonly number[];
  readonly probe: readonly number[];
}

async function probeOften(host: Host, input: string): Promise<Times> {
  process.stderr.write(`the agent's probe of ${count} VMs\n`);
  expectAllKnown((await host.succeed(agent, { input })).stdout);
  const times: Record<keyof Times, number[]> = { empty: [], probe: [] };
  for (let round = 0; round < rounds; round += 1) {
    times.empty.push((await usageOf(host, [process.execPath, '-e', '0'])).processor);
    times.probe.push((await usageOf(host, agent, input)).processor);
  }
  return times;
}

function beyond({ probe, empty }: Times, budget: number): Result {
  return { what: '… beyond an empty node', unit: 'ms', value: spreadOf(differences(probe, empty)), budget };
}

/** A probe that must query libvirtd, or that knows less, would be a different measurement. */
function expectAllKnown(answer: string): void {
  const [line = ''] = /.*"kind":"end".*/.exec(answer) ?? [];
  const { report } = JSON.parse(line) as { report: readonly { verdict: string; blockState: string }[] };
  const known = report.filter(({ verdict, blockState }) => verdict === 'safe' && blockState === 'healthy');
  if (known.length !== count) throw new Error(`the probe knows ${known.length} of ${count} VMs: ${line}`);
}

void main();
