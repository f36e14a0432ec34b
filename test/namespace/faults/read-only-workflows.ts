import { versionNumber } from '../../../src/cli/version';
import { giveToQemu, placeDisk, Stage, type Volume } from '../harness';
import { startBroken } from './mutating-workflows';
import { startLogged } from './failed-migration';
import { startHealthy, uses } from './healthy-domain';
import { configuration, furnish, furnishHostHalf } from './workflow';

/** A domain with a known state, and the query about it. */
export interface Case extends Question {
  readonly truth: 'safe' | 'repairable' | 'blocked';
  readonly make: (program: string, volumes: readonly Volume[]) => Promise<{ stage: Stage }>;
}

interface Question {
  readonly verb: string;
  readonly argv: readonly string[];
  readonly input?: string;
  /** The path in the first call of our program; Node's own calls come before. */
  readonly from: string;
  /** Reads the printed verdict, or {@link refused}. */
  readonly read: (stdout: string) => string;
}

/** No domain was reported; only the exit status shows the failure. */
export const refused = 'refused to answer';

/** Only another VM was reported: OpenNebula keeps the previous report of this one, with its time. */
export const untold = 'not told of';

function ask(verb: string, argv: readonly string[]): Question {
  const words = [...argv, '--json', '--config', configuration];
  return { verb, argv: words, from: configuration, read: readDocument };
}

function readDocument(stdout: string): string {
  if (stdout === '') return refused;
  const { domains } = JSON.parse(stdout) as { domains?: { verdict: string }[] };
  return domains?.[0]?.verdict ?? refused;
}

const check = ask('check', ['check', '310']);
const explain = ask('explain', ['explain', '310']);
const inspect = ask('inspect', ['inspect', '310']);
const audit = ask('audit --here', ['audit', '--here']);

/** The request of the probe on a host, for all of its VMs. */
const probe: Question = {
  verb: 'probe, agent',
  argv: ['host'],
  input: `${JSON.stringify({ version: versionNumber, action: 'probe' })}\n`,
  from: '/etc/migrate-guard/',
  read: readLines,
};

/** Each line is a document; the last one reports every VM. */
function readLines(stdout: string): string {
  const lines = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as object]));
  const { report } = (lines.at(-1) ?? {}) as { report?: { verdict: string }[] };
  return report === undefined ? refused : (report[0]?.verdict ?? untold);
}

export const looking: readonly Case[] = [
  { ...check, truth: 'safe', make: startHealthy },
  { ...check, truth: 'repairable', make: startBroken },
  { ...check, truth: 'blocked', make: startWrong },
  { ...explain, truth: 'safe', make: startHealthy },
  { ...explain, truth: 'blocked', make: startWrong },
  { ...inspect, truth: 'safe', make: (...all) => startLogged(...all, 'none') },
  { ...inspect, truth: 'blocked', make: (...all) => startLogged(...all, 'inactive') },
  // A fake QEMU has no block state, so an audit is undecided about every VM that is not blocked.
  { ...audit, truth: 'blocked', make: startWrong },
  { ...probe, truth: 'safe', make: asHostHalf((...all) => startLogged(...all, 'none')) },
  { ...probe, truth: 'blocked', make: asHostHalf(startWrong) },
];

function asHostHalf(make: Case['make']): Case['make'] {
  return async (...all) => {
    const world = await make(...all);
    furnishHostHalf(world.stage);
    return world;
  };
}

/** The host's link leads to another device than the one that QEMU has open. */
async function startWrong(program: string, volumes: readonly Volume[]): Promise<{ stage: Stage }> {
  const stage = await Stage.start(program);
  furnish(stage);
  const disk = await placeDisk(stage, uses(volumes, 0));
  const other = await placeDisk(stage, uses(volumes, 1), 1);
  const prepare = async (tree: Stage['host']): Promise<void> => {
    await giveToQemu(tree, disk);
    await giveToQemu(tree, other);
  };
  await stage.startQemu({ disks: [disk], prepare });
  stage.host.remove(disk.path);
  stage.host.link(disk.path, other.link);
  return { stage };
}
