import { hostname } from 'node:os';
import { GuardError } from '../core/errors';
import { message, textOf } from '../messages';
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
import { print } from '../cli/stdout';
import { printable } from '../cli/escape';
import { titleOf } from '../cli/render-report';
import { hostList, someHosts, type CommandLine, type Option } from '../cli/command';
import { versionNumber } from '../cli/version';

const defaultBatchHosts = 10;
const maxBatchHosts = 100;

/** The additional options of a verb for the fleet. */
export const fleetOptions: Readonly<Record<string, Option>> = {
  hosts: {
    ...someHosts,
    help: 'with --all, on the front-end: the VMs of these hosts; `all`: of every host',
  },
  batch: {
    value: 'N',
    help: `with --hosts: how many VMs at once, after the first one alone (${defaultBatchHosts})`,
  },
  except: { value: 'A,B,…', help: 'with --hosts: leave out these VMs, by id, domain or name' },
};

/** Whether the command line is for the fleet. @throws GuardError for an option that needs `--hosts` */
export function isForFleet(line: CommandLine): boolean {
  const isFleet = line.value('hosts') !== undefined;
  if (isFleet && !line.flag('all')) throw new GuardError('usage', message('hosts-without-all'));
  const foreign = ['batch', 'except'].find((option) => !isFleet && line.value(option) !== undefined);
  if (foreign !== undefined) throw new GuardError('usage', message('only-with-hosts', { option: foreign }));
  return isFleet;
}

/** Repairs or resets the VMs of the fleet that need it, until one fails unexpectedly. @returns the exit status */
export async function rollOutFleet(
  action: RolloutAction,
  line: CommandLine,
  settings: Settings,
): Promise<number> {
  const [json, dryRun] = [line.flag('json'), line.flag('dry-run')];
  const asking = progressOf('hosts');
  const options: RolloutOptions = {
    action,
    dryRun,
    settings,
    version: versionNumber,
    hosts: hostList(line),
    batch: batchOf(line),
    except: (line.value('except')?.split(',') ?? []).map((word) => word.trim()),
    progress: asking.progress,
  };
  const work = await rollOut(options).finally(asking.end);
  const { hosts, doubts, candidates, others, results } = work;
  if (!json) print(before(work, action));
  const done: RolloutResult[] = [];
  const working = progressOf('VMs');
  for await (const one of results) {
    done.push(one);
    working.end();
    if (!json) print(renderRollout(one));
    working.progress(done.length, candidates.length);
  }
  working.end();
  const notStarted = candidates.slice(done.length).map(({ domain }) => domain);
  if (json)
    printJson({
      host: hostname(),
      mending: action,
      dryRun,
      hosts,
      doubts,
      domains: done,
      notBegun: notStarted,
      others,
    });
  else print(after(done, notStarted, action));
  return exitOf(work, done);
}

function batchOf(line: CommandLine): number {
  const given = line.value('batch');
  if (given === undefined) return defaultBatchHosts;
  const batch = /^[0-9]{1,3}$/.test(given) ? Number(given) : 0;
  if (batch >= 1 && batch <= maxBatchHosts) return batch;
  throw new GuardError('usage', message('batch-wrong', { given, most: maxBatchHosts }));
}

function before({ hosts, doubts, candidates, others }: RolloutReport, action: RolloutAction): string {
  const lines = doubts.map((problem) => textOf('rollout-doubt', { problem }));
  for (const { trouble } of hosts) if (trouble) lines.push(trouble.what, `  -> ${trouble.remedy}`);
  for (const vm of others) {
    const left = textOf(candidates.includes(vm) ? 'rollout-paths-only' : 'rollout-left-alone');
    const disks = action === 'reset' ? ofBlockState(vm) : undefined;
    const why = disks ? `block state ${vm.blockState}: ${disks.what}` : `${vm.verdict}: ${vm.reason}`;
    lines.push(`${left}: ${vm.domain} on ${vm.host}: ${why}`);
    const { remedy } = disks ?? decidingFinding(vm) ?? {};
    // A remedy that the host itself reports has to be applied there.
    if (remedy !== undefined) lines.push(`  -> ${vm.seen === null ? '' : `on ${vm.host}: `}${remedy}`);
  }
  lines.push(`${candidates.length} VMs to ${action}`);
  return text(lines);
}

/** The finding that a reset is for, even if others come first. */
function ofBlockState({ findings }: FleetDomain): Finding | undefined {
  return findings.find(({ check, state }) => check === blockStateCheck && state !== 'ok');
}

function renderRollout(one: RolloutResult): string {
  const { host, result, what, remedy, did } = one;
  const lines = [`${titleOf(one)} on ${host}: ${result}: ${what}`];
  lines.push(...did.map((line) => `  ${line}`));
  if (remedy !== undefined && one.exit !== 0) lines.push(`  -> ${remedy}`);
  return text(lines);
}

function after(done: readonly RolloutResult[], notStarted: readonly string[], action: RolloutAction): string {
  const counts = new Map<string, number>();
  for (const { result } of done) counts.set(result, (counts.get(result) ?? 0) + 1);
  const parts = [...counts].map(([result, count]) => `${count} ${result}`);
  if (notStarted.length > 0) parts.push(`${notStarted.length} not started`);
  const lines = [parts.join(', ') || `nothing to ${action}`];
  const unexpected = done.filter(isUnexpectedFailure).map(({ domain }) => domain);
  if (unexpected.length > 0) {
    const id = notStarted.length > 0 ? 'rollout-stopped' : 'rollout-done-but';
    const { what, remedy } = message(id, { domains: unexpected.join(',') });
    lines.push(what, `  -> ${remedy}`);
  }
  return text(lines);
}

/** The status of the worst result; hosts that did not answer, and VMs that are left alone, are not healthy either. */
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
