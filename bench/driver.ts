// Measures what the installed VMM driver adds to OpenNebula's own live migration of a healthy VM, from the front-end.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { OpenNebulaStage } from '../test/lab/plugin/opennebula-stage';
import { describeMachine } from './measure/machine';
import { renderReport, type Report, type Result } from './measure/result';
import { differences, ratios, spreadOf } from './measure/statistics';
import { inTurns } from './measure/stopwatch';
import { configureSsh, forgetSsh, installOpenNebulaSsh } from './stage/opennebula-ssh';

const rounds = 10;
/**
 * Compares the stock script on the source host, as oned runs it, with our driver on the front-end, which runs that
 * script.
 */
const ways = { stock: {}, guarded: { local: 'migrate-guard' } } as const;
type Way = keyof typeof ways;
type Times = Readonly<Record<Way | 'least', number[]>>;

/**
 * The least that any guard with an agent on the source adds, one after the other: Node on the front-end, ssh to the
 * source, sudo and an agent that refuses an empty request, ssh from there to the destination.
 */
const leastScript = `node -e 0
ssh -o ForwardAgent=yes kvm1 'sudo -n /usr/lib/migrate-guard/migrate-guard host </dev/null >/dev/null; ssh kvm2 true'`;

/** Budgets, in milliseconds more than the stock script. */
const connections = [
  { ssh: 'opennebula', words: 'ssh as OpenNebula configures it', budget: 400 },
  { ssh: 'plain', words: 'plain ssh', budget: 600 },
] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const machine = describeMachine();
  say('starting a front-end and two hosts');
  const stage = new OpenNebulaStage();
  try {
    await stage.start();
    const results = await measure(stage);
    const report: Report = { bench: "driver: what it adds to OpenNebula's migrate", machine, results };
    process.stdout.write(renderReport(report));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await stage.stop();
  }
}

/**
 * One variant migrates there and the other back, and in the next round the other way round, so that both variants use
 * both hosts as the source.
 */
async function measure(stage: OpenNebulaStage): Promise<Result[]> {
  const empty: number[] = [];
  const times = {
    opennebula: { stock: [], guarded: [], least: [] },
    plain: { stock: [], guarded: [], least: [] },
  } as Record<(typeof connections)[number]['ssh'], Times>;
  const ofOned = await installOpenNebulaSsh(stage);
  let domain = await stage.lab.startDomain(610, { host: 'kvm1' });
  const move = async (
    way: Way,
    to: 'kvm1' | 'kvm2',
    env: Readonly<Record<string, string>>,
  ): Promise<number> => {
    const started = performance.now();
    const { exit, log } = await stage.migrate(domain, to, { ...ways[way], env });
    const took = performance.now() - started;
    if (exit !== 0) throw new Error(`the ${way} migrate ended with ${exit ?? 'a signal'}: ${log.join('; ')}`);
    domain = domain.on(stage.lab.host(to));
    return took;
  };
  // The very first migration fills caches for all later ones.
  await move('stock', 'kvm2', {});
  await move('guarded', 'kvm1', {});
  for (let round = 0; round < rounds; round += 1) {
    say(`round ${round + 1} of ${rounds}`);
    for (const { ssh } of connections) {
      const env = ssh === 'opennebula' ? ofOned : {};
      if (ssh === 'opennebula') await configureSsh(stage, ofOned);
      else forgetSsh(stage);
      for (const [there, back] of [
        ['stock', 'guarded'],
        ['guarded', 'stock'],
      ] as const) {
        times[ssh][there].push(await move(there, 'kvm2', env));
        times[ssh][back].push(await move(back, 'kvm1', env));
        const [nodes = []] = await inTurns(stage.front, 1, [{ argv: [process.execPath, '-e', '0'] }], 0);
        empty.push(...nodes);
        times[ssh].least.push(await timeLeast(stage, env));
      }
    }
  }
  await domain.destroy();
  const node = spreadOf(empty);
  return [
    { what: 'node -e 0', unit: 'ms', value: node },
    ...connections.flatMap(({ ssh, words, budget }) => rowsOf(times[ssh], words, budget, node.median)),
  ];
}

async function timeLeast(stage: OpenNebulaStage, env: Readonly<Record<string, string>>): Promise<number> {
  const started = performance.now();
  await stage.front.succeed(['sh', '-c', leastScript], { as: 'oneadmin', env });
  return performance.now() - started;
}

function rowsOf({ stock, guarded, least }: Times, words: string, budget: number, node: number): Result[] {
  const more = differences(guarded, stock);
  return [
    { what: `OpenNebula's migrate, ${words}`, unit: 'ms', value: spreadOf(stock) },
    { what: 'migrate-guard in its place, the same VM', unit: 'ms', value: spreadOf(guarded) },
    {
      what: '… more than the stock script, in turns',
      unit: 'ms',
      value: spreadOf(more),
      compared: `${(spreadOf(more).median / node).toFixed(1)} × node -e 0`,
      budget,
    },
    { what: 'Node, ssh, sudo, an agent and ssh alone', unit: 'ms', value: spreadOf(least) },
    { what: '… against the stock script, in turns', unit: '×', value: spreadOf(ratios(guarded, stock)) },
  ];
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

void main();
