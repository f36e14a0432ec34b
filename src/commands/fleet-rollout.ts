import { hostname } from 'node:os';
import { GuardError } from '../core/errors';
import { exitCodes, worstFirst } from '../core/exit-codes';
import { blockStateCheck } from '../block-state/model/judge';
import { decidingFinding, type Finding } from '../core/finding';
import type { FleetDomain } from '../fleet/model/fleet';
import type { Settings } from '../config/settings';
import {
  isUnexpectedFailure,
  rollOut,
  type RolloutReport,
  type RolloutResult,
  type RolloutOptions,
  type RolloutAction,
} from '../fleet/rollout';
import { printJson } from '../cli/print-reports';
import { progressOf } from '../cli/progress';
import { printable, titleOf } from '../cli/escape';
import { hostList, someHosts, type CommandLine, type Option } from '../cli/command';
import { versionNumber } from '../cli/version';

const defaultBatchHosts = 10;
const maxBatchHosts = 100;

/** What a verb that works on one host takes more to work on the fleet. */
export const fleetOptions: Readonly<Record<string, Option>> = {
  hosts: {
    ...someHosts,
    help: 'with --all, on the front-end: the VMs of these hosts, or of all: --hosts all',
  },
  batch: {
    value: 'N',
    help: `with --hosts: how many VMs at once, after the first one alone (${defaultBatchHosts})`,
  },
  except: { value: 'A,B,…', help: 'with --hosts: leave out these VMs, by id, domain or name' },
};

/** Whether the line is about the fleet. @throws GuardError for options that go only with the fleet. */
export function isForFleet(line: CommandLine): boolean {
  const isFleet = line.value('hosts') !== undefined;
  if (isFleet && !line.flag('all'))
    throw new GuardError('usage', '--hosts is for the VMs of whole hosts', 'add --all, and name no domain');
  const foreign = ['batch', 'except'].find((option) => !isFleet && line.value(option) !== undefined);
  if (foreign !== undefined)
    throw new GuardError('usage', `--${foreign} is for the fleet`, 'add --hosts A,B,… or --hosts all');
  return isFleet;
}

/** Repairs or resets what needs it all over the fleet, until something is a surprise; gives the exit status. */
export async function mendFleet(
  mending: RolloutAction,
  line: CommandLine,
  settings: Settings,
): Promise<number> {
  const [json, dryRun] = [line.flag('json'), line.flag('dry-run')];
  const asking = progressOf('hosts');
  const options: RolloutOptions = {
    mending,
    dryRun,
    settings,
    version: versionNumber,
    hosts: hostList(line),
    batch: batchOf(line),
    except: (line.value('except')?.split(',') ?? []).map((word) => word.trim()),
    progress: asking.progress,
  };
  const work = await rollOut(options).finally(asking.end);
  const { hosts, doubts, candidates, others, mended } = work;
  if (!json) process.stdout.write(before(work, mending));
  const done: RolloutResult[] = [];
  const working = progressOf('VMs');
  for await (const one of mended) {
    done.push(one);
    working.end();
    if (!json) process.stdout.write(renderRollout(one));
    working.progress(done.length, candidates.length);
  }
  working.end();
  const notBegun = candidates.slice(done.length);
  const left = notBegun.map(({ domain }) => domain);
  if (json)
    printJson({ host: hostname(), mending, dryRun, hosts, doubts, domains: done, notBegun: left, others });
  else process.stdout.write(after(done, left, mending));
  return exitOf(work, done);
}

function batchOf(line: CommandLine): number {
  const given = line.value('batch');
  if (given === undefined) return defaultBatchHosts;
  const batch = /^[0-9]{1,3}$/.test(given) ? Number(given) : 0;
  if (batch >= 1 && batch <= maxBatchHosts) return batch;
  throw new GuardError(
    'usage',
    `--batch ${given} is no number of VMs`,
    `give one from 1 to ${maxBatchHosts}`,
  );
}

function before({ hosts, doubts, candidates, others }: RolloutReport, mending: RolloutAction): string {
  const lines = doubts.map((doubt) => `not known: ${doubt}`);
  for (const { trouble } of hosts) if (trouble) lines.push(trouble.what, `  -> ${trouble.remedy}`);
  for (const vm of others) {
    const left = candidates.includes(vm) ? 'only its paths are mended' : 'left alone';
    const disks = mending === 'reset' ? ofBlockState(vm) : undefined;
    const why = disks ? `block state ${vm.blockState}: ${disks.what}` : `${vm.verdict}: ${vm.reason}`;
    lines.push(`${left}: ${vm.domain} on ${vm.host}: ${why}`);
    const { remedy } = disks ?? decidingFinding(vm) ?? {};
    // What a host tells of itself is to be done there.
    if (remedy !== undefined) lines.push(`  -> ${vm.seen === null ? '' : `on ${vm.host}: `}${remedy}`);
  }
  lines.push(`${candidates.length} VMs to ${mending}`);
  return text(lines);
}

/** What a reset is about, whatever else is wrong with it. */
function ofBlockState({ findings }: FleetDomain): Finding | undefined {
  return findings.find(({ check, state }) => check === blockStateCheck && state !== 'ok');
}

function renderRollout(mended: RolloutResult): string {
  const { host, result, what, remedy, did } = mended;
  const lines = [`${titleOf(mended)} on ${host}: ${result}: ${what}`];
  lines.push(...did.map((line) => `  ${line}`));
  if (remedy !== undefined && mended.exit !== 0) lines.push(`  -> ${remedy}`);
  return text(lines);
}

function after(done: readonly RolloutResult[], notBegun: readonly string[], mending: RolloutAction): string {
  const counts = new Map<string, number>();
  for (const { result } of done) counts.set(result, (counts.get(result) ?? 0) + 1);
  const parts = [...counts].map(([result, count]) => `${count} ${result}`);
  if (notBegun.length > 0) parts.push(`${notBegun.length} not begun`);
  const lines = [parts.join(', ') || `nothing to ${mending}`];
  const surprises = done.filter(isUnexpectedFailure).map(({ domain }) => domain);
  if (surprises.length > 0) {
    const rest = notBegun.length > 0 ? 'stopped' : 'done, but';
    lines.push(
      `${rest}: ${surprises.join(', ')} went otherwise than expected`,
      `  -> look at it; the same command goes on with the rest, --except ${surprises.join(',')} without it`,
    );
  }
  return text(lines);
}

/** The worst that happened; hosts that were not reached, and VMs that this does not mend, are not healthy either. */
function exitOf({ hosts, doubts, others }: RolloutReport, done: readonly RolloutResult[]): number {
  const statuses = new Set(done.map(({ exit }) => exit));
  const worst = worstFirst.map((code) => exitCodes[code].status).find((status) => statuses.has(status));
  if (worst !== undefined) return worst;
  const foreign = done.find(isUnexpectedFailure);
  if (foreign) return foreign.exit;
  if (others.some(({ verdict }) => verdict !== 'undecided')) return exitCodes.problem.status;
  const isUnsure = others.length > 0 || doubts.length > 0 || hosts.some(({ trouble }) => trouble);
  return exitCodes[isUnsure ? 'undecided' : 'ok'].status;
}

function text(lines: readonly string[]): string {
  return `${lines.map(printable).join('\n')}\n`;
}
