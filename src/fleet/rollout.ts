import { GuardError } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import { needsRepair, needsReset, type FleetDomain, type FleetHost } from './model/fleet';
import { nearest } from '../core/did-you-mean';
import { isUnknown } from '../core/unknown';
import { agentOn, runAgentAction } from '../agent-protocol/run-action';
import { message, textOf } from '../messages';
import { audit } from './audit';
import type { Asking } from './from-hosts';
import { lastDestination } from './last-destination';
import type { Wanted } from './scope';

/**
 * Deadline for one VM, in milliseconds. A VM takes seconds, and all that an agent waits for has its own deadline; one
 * that hangs nevertheless must not delay all the others.
 */
const hostDeadlineMs = 5 * 60_000;

/** What is repaired in the whole fleet: missing paths, or what failed migrations left in QEMU. */
export type RolloutAction = 'repair' | 'reset';

export interface RolloutOptions extends Asking, Wanted {
  readonly action: RolloutAction;
  readonly dryRun: boolean;
  /** The number of VMs per batch, after the first VM alone. */
  readonly batch: number;
  /** VMs to leave out: by domain, by OpenNebula's id, or by name, which leaves out all VMs of that name. */
  readonly except: readonly string[];
}

/** The result for one VM. */
export interface RolloutResult {
  readonly domain: string;
  readonly name: string | null;
  readonly host: string;
  /** The result as the host reported it, such as `repaired`; `unknown` when its report did not arrive. */
  readonly result: string;
  /** An exit code of core/exit-codes.ts. */
  readonly exit: number;
  readonly what: string;
  readonly remedy?: string | undefined;
  readonly did: readonly string[];
}

export interface RolloutReport {
  readonly hosts: readonly FleetHost[];
  readonly doubts: readonly string[];
  /** VMs that can be repaired or reset, in the order of the rollout. */
  readonly candidates: readonly FleetDomain[];
  /** Problems that this rollout does not heal, such as the block state of a candidate whose paths are repaired. */
  readonly others: readonly FleetDomain[];
  /** Ends after a batch with an unexpected failure. */
  readonly results: AsyncGenerator<RolloutResult>;
}

/**
 * Repairs or resets every VM of the fleet that needs it, a few at a time. The hosts are asked first which VMs do, so
 * a stopped rollout continues where it stopped when it is started again.
 * @throws GuardError when no host can be asked, and for an entry of `except` that matches no VM: the VM that was
 * meant would be changed
 */
export async function rollOut(options: RolloutOptions): Promise<RolloutReport> {
  const report = await audit({ ...options, source: 'hosts' });
  const { hosts, doubts } = report;
  const leftOut = new Set(options.except.flatMap((word) => named(word, report.domains)));
  const candidates = report.domains.filter((domain) => needs[options.action](domain) && !leftOut.has(domain));
  const others = report.domains.filter(
    (vm) => vm.verdict !== 'safe' && (!candidates.includes(vm) || isNotRepairedByIt(vm, options.action)),
  );
  return { hosts, doubts, candidates, others, results: workOnEach(candidates, options) };
}

function named(word: string, domains: readonly FleetDomain[]): FleetDomain[] {
  const found = domains.filter(
    ({ domain, name }) => domain === word || domain === `one-${word}` || name?.trim() === word,
  );
  if (found.length > 0) return found;
  const close = nearest(
    word,
    domains.flatMap(({ domain, name }) => (name === null ? [domain] : [domain, name])),
  );
  const unknownVm = message('except-unknown', { word: JSON.stringify(word) });
  const hint = close === undefined ? undefined : textOf('did-you-mean', { close });
  throw new GuardError('usage', {
    ...unknownVm,
    remedy: hint === undefined ? unknownVm.remedy : textOf('with-hint', { order: unknownVm.remedy, hint }),
  });
}

/** An operator has to decide which of two copies is the right one. */
const needs: Readonly<Record<RolloutAction, (domain: FleetDomain) => boolean>> = {
  repair: (vm) => needsRepair(vm) && vm.mismatch !== 'two-copies',
  reset: (vm) => needsReset(vm) && vm.mismatch !== 'two-copies',
};

/** Making a path does not heal a block state. */
function isNotRepairedByIt({ verdict }: FleetDomain, action: RolloutAction): boolean {
  return action === 'repair' && verdict !== 'repairable';
}

async function* workOnEach(
  candidates: readonly FleetDomain[],
  options: RolloutOptions,
): AsyncGenerator<RolloutResult> {
  // A fault that all VMs share shows with the first.
  for (let begin = 0, end = 1; begin < candidates.length; begin = end, end += options.batch) {
    const batch = candidates.slice(begin, end);
    const ended = await Promise.all(batch.map((domain) => workOnOne(domain, options)));
    yield* ended;
    if (ended.some(isUnexpectedFailure)) return;
  }
}

/** `busy` is expected and does not stop the rollout. */
export function isUnexpectedFailure({ exit }: RolloutResult): boolean {
  return exit !== exitCodes.ok.status && exit !== exitCodes.busy.status;
}

async function workOnOne(
  { domain, name, host, vmId }: FleetDomain,
  options: RolloutOptions,
): Promise<RolloutResult> {
  const { action, dryRun, version, settings } = options;
  const asks = action === 'reset' && vmId !== null;
  const destination = asks ? await lastDestination(vmId, settings.ssh.user) : undefined;
  const request = { version, action, domain, dryRun, ...(destination ? { destination } : {}) };
  const answer = await runAgentAction(request, agentOn(host, settings), hostDeadlineMs);
  const base = { domain, name, host };
  if (!isUnknown(answer)) {
    const { result, exit, what, remedy } = answer.end;
    return { ...base, result, exit, what, remedy, did: answer.did };
  }
  const { what, remedy } = message('host-not-asked', { host, why: answer.unknown, user: settings.ssh.user });
  return { ...base, result: 'unknown', exit: exitCodes.undecided.status, what, remedy, did: [] };
}
