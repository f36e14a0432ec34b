// Measures how long an audit of a whole cloud takes with the data that OpenNebula has collected, and its memory.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCloud } from '../test/support/fake-fleet/fake-cloud';
import { StandInOpenNebula } from '../test/support/fake-fleet/fake-opennebula';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { differences, growth, spreadOf } from './measure/statistics';

const program = join(__dirname, '../dist/migrate-guard.cjs');
const audit = [process.execPath, program, 'audit'];
/** The bench does not run it as root: root would become oneadmin. */
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
/** The least that any program must spend on OpenNebula's lists: a program written in C reads the same lists. */
const shellWay = 'for list in onevm onehost; do $list list -x | xmlstarlet sel -t -v "count(//NAME)"; done';

const rounds = 15;
const [few, many, hosts] = [100, 1000, 40];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  const opennebula = await StandInOpenNebula.start();
  try {
    const results = await measure(opennebula);
    const report: Report = { bench: 'audit', machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await opennebula.stop();
  }
}

async function measure(opennebula: StandInOpenNebula): Promise<Result[]> {
  process.stderr.write(`audits of ${few} and of ${many} VMs, in turns\n`);
  const env = opennebula.environment;
  const [empty, shell, small, large, memory]: number[][] = [[], [], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    empty?.push((await time([process.execPath, '-e', '0'], env)).milliseconds);
    opennebula.holds(makeCloud(few, hosts, new Date()));
    small?.push((await time(audit, env)).milliseconds);
    opennebula.holds(makeCloud(many, hosts, new Date()));
    shell?.push((await time(['sh', '-c', shellWay], env)).milliseconds);
    const whole = await time(audit, env);
    large?.push(whole.milliseconds);
    memory?.push(whole.mebibytes);
  }
  const beyond = spreadOf(differences(large ?? [], empty ?? []));
  return [
    { what: 'node -e 0', unit: 'ms', value: spreadOf(empty ?? []) },
    { what: `two lists of ${many} VMs through xmlstarlet`, unit: 'ms', value: spreadOf(shell ?? []) },
    { what: `audit of ${few} VMs on ${hosts} hosts`, unit: 'ms', value: spreadOf(small ?? []) },
    { what: `audit of ${many} VMs on ${hosts} hosts`, unit: 'ms', value: spreadOf(large ?? []) },
    { what: '… beyond an empty node', unit: 'ms', value: beyond },
    { what: '… for each VM more', unit: 'ms', value: spreadOf(growth(small ?? [], large ?? [], many - few)) },
    { what: `memory at most, ${many} VMs`, unit: 'MiB', value: spreadOf(memory ?? []) },
  ];
}

/** Wall time, and the maximum resident memory (GNU time, from wait4(2)). */
async function time(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ milliseconds: number; mebibytes: number }> {
  const [file = '', ...args] = [...asNobody, '/usr/bin/time', '--quiet', '--format', 'peak %M', ...argv];
  const began = process.hrtime.bigint();
  // The fake OpenNebula runs in this process, so this process must never block.
  const child = spawn(file, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await new Promise((resolve) => child.on('close', resolve));
  const milliseconds = Number(process.hrtime.bigint() - began) / 1e6;
  const kibibytes = /^peak (\d+)$/m.exec(stderr)?.[1];
  if (kibibytes === undefined) throw new Error(`${argv.join(' ')}: ${stderr}`);
  return { milliseconds, mebibytes: Number(kibibytes) / 1024 };
}

void main();
