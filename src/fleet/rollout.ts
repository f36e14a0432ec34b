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
 * Milliseconds for one VM, which takes seconds: what an agent waits for has deadlines of its own. One that hangs all
 * the same must not hold all the others.
 */
const hostDeadlineMs = 5 * 60_000;

/** What is repaired all over the fleet: missing paths, or what failed migrations left in QEMU. */
export type RolloutAction = 'repair' | 'reset';

export interface RolloutOptions extends Asking, Wanted {
  readonly mending: RolloutAction;
  readonly dryRun: boolean;
  /** How many VMs at once, after the first one alone. */
  readonly batch: number;
  /** VMs to leave out: by domain, by OpenNebula's id, or by its name, which leaves out all of that name. */
  readonly except: readonly string[];
}

/** What became of one VM. */
export interface RolloutResult {
  readonly domain: string;
  readonly name: string | null;
  readonly host: string;
  /** The host's own word, such as `repaired`; `unknown` when the host said nothing more of it. */
  readonly result: string;
  /** As in core/exit-codes.ts. */
  readonly exit: number;
  readonly what: string;
  readonly remedy?: string | undefined;
  readonly did: readonly string[];
}

export interface RolloutReport {
  readonly hosts: readonly FleetHost[];
  readonly doubts: readonly string[];
  /** What can be repaired or reset, in the order in which it is. */
  readonly candidates: readonly FleetDomain[];
  /** What is not in order, and what this does not heal: of a candidate its block state, when its paths are repaired. */
  readonly others: readonly FleetDomain[];
  /** Ends after the batch in which something went otherwise than it should. */
  readonly mended: AsyncGenerator<RolloutResult>;
}

/**
 * Repairs or resets every VM of the fleet that needs it, a few at a time: the hosts are asked again which ones do, so a
 * run that was stopped continues where it stopped when it is started again. @throws GuardError when no host can be asked, and for a word
 * of `except` that names no VM: the VM that was meant would be worked on.
 */
export async function rollOut(options: RolloutOptions): Promise<RolloutReport> {
  const report = await audit({ ...options, source: 'hosts' });
  const { hosts, doubts } = report;
  const leftOut = new Set(options.except.flatMap((word) => named(word, report.domains)));
  const candidates = report.domains.filter(
    (domain) => needs[options.mending](domain) && !leftOut.has(domain),
  );
  const others = report.domains.filter(
    (vm) => vm.verdict !== 'safe' && (!candidates.includes(vm) || isNotRepairedByIt(vm, options.mending)),
  );
  return { hosts, doubts, candidates, others, mended: workOnEach(candidates, options) };
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

/** Which of two copies is the right one is for an operator to say. */
const needs: Readonly<Record<RolloutAction, (domain: FleetDomain) => boolean>> = {
  repair: (vm) => needsRepair(vm) && vm.mismatch !== 'two-copies',
  reset: (vm) => needsReset(vm) && vm.mismatch !== 'two-copies',
};

/** A block state that has to be healed is not healed by making a path. */
function isNotRepairedByIt({ verdict }: FleetDomain, mending: RolloutAction): boolean {
  return mending === 'repair' && verdict !== 'repairable';
}

async function* workOnEach(
  candidates: readonly FleetDomain[],
  options: RolloutOptions,
): AsyncGenerator<RolloutResult> {
  // What is wrong with all of them shows with the first.
  for (let begin = 0, end = 1; begin < candidates.length; begin = end, end += options.batch) {
    const batch = candidates.slice(begin, end);
    const ended = await Promise.all(batch.map((domain) => workOnOne(domain, options)));
    yield* ended;
    if (ended.some(isUnexpectedFailure)) return;
  }
}

/** `busy` is expected, and does not stop the roll-out. */
export function isUnexpectedFailure({ exit }: RolloutResult): boolean {
  return exit !== exitCodes.ok.status && exit !== exitCodes.busy.status;
}

async function workOnOne(
  { domain, name, host, vmId }: FleetDomain,
  options: RolloutOptions,
): Promise<RolloutResult> {
  const { mending, dryRun, version, settings } = options;
  const asks = mending === 'reset' && vmId !== null;
  const destination = asks ? await lastDestination(vmId, settings.ssh.user) : undefined;
  const request = { version, action: mending, domain, dryRun, ...(destination ? { destination } : {}) };
  const answer = await runAgentAction(request, agentOn(host, settings), hostDeadlineMs);
  const base = { domain, name, host };
  if (!isUnknown(answer)) {
    const { result, exit, what, remedy } = answer.end;
    return { ...base, result, exit, what, remedy, did: answer.did };
  }
  const { what, remedy } = message('host-not-asked', { host, why: answer.unknown, user: settings.ssh.user });
  return { ...base, result: 'unknown', exit: exitCodes.undecided.status, what, remedy, did: [] };
}
