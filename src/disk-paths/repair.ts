import type { Settings } from '../config/settings';
import { GuardError, messageOf, type Failure } from '../core/errors';
import type { ExitCode } from '../core/exit-codes';
import type { DomainReport, Finding } from '../core/finding';
import { orders, usualOrders, type Order } from '../core/order';
import { reportNoFacts, unreadable } from '../core/unreadable-domain';
import { FileTree } from '../file-tree/tree';
import { withDomainLock } from '../hypervisor/domain-lock';
import { findDomains, type Asked } from '../hypervisor/find-domains';
import { holdDomain, type HeldDomain, type HeldDomains } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import { VirshSession } from '../hypervisor/virsh-session';
import { message, textOf } from '../messages';
import { askingAbout } from './ask-qemu';
import { heldInGroups, report } from './check';
import { checks } from './checks';
import { collectFacts, type OpenByQemu } from './io/collect-facts';
import { openingByQemu } from './io/open-by-qemu';
import { removeLeftovers } from './io/dev-tree';
import type { DomainFacts } from './model/facts';
import { apply } from './steps';

/**
 * `nothing-to-do`: every disk opens as it is. `repaired`: the plan was carried out, and every disk opens.
 * `would-repair`: a dry run. `refused`: something is blocked or unknown, and nothing was changed. `failed`: a
 * step or the proof failed, and the repair was undone. `busy`: another migrate-guard works on the domain.
 */
const repairResults = {
  'nothing-to-do': 'ok',
  repaired: 'ok',
  'would-repair': 'ok',
  refused: 'problem',
  failed: 'failed',
  busy: 'busy',
} as const satisfies Readonly<Record<string, ExitCode>>;
export type RepairResult = keyof typeof repairResults;

export interface RepairReport extends DomainReport {
  readonly result: RepairResult;
}

interface RepairOptions {
  readonly settings: Settings;
  readonly dryRun: boolean;
}

interface LockedRepair extends RepairOptions {
  /** What must not fail after the repair. Default: a migration and a save. */
  readonly wanted?: readonly Order[];
  /** The session by which QEMU itself is asked. Default: one of its own. */
  readonly virsh?: VirshSession;
  /** The root directory of the host's tree. */
  readonly root?: string;
  /** Holds the domain already. */
  readonly group?: HeldDomains;
}

/** The exit status for one domain: a repair that is refused because something is unknown is undecided. */
export function repairExit({ result, verdict }: Pick<RepairReport, 'result' | 'verdict'>): ExitCode {
  return result === 'refused' && verdict === 'undecided' ? 'undecided' : repairResults[result];
}

/** Makes what is missing in each domain's namespace, and proves it by opening each disk as QEMU does, and by QEMU's own open. */
export async function* repair(asked: Asked, options: RepairOptions): AsyncGenerator<RepairReport> {
  // One session for all domains: a libvirtd that hangs costs its deadline once.
  const virsh = sessionFor(options.settings);
  try {
    for await (const { some, group } of heldInGroups(findDomains(asked, options.settings))) {
      for (const found of some) {
        if ('why' in found) yield { ...reportNoFacts(found), result: 'refused' };
        else yield await repairDomain(found, { ...options, virsh, group });
      }
    }
  } finally {
    virsh.end();
  }
}

/** It starts no virsh before it is asked. */
function sessionFor({ libvirt }: Settings): VirshSession {
  return new VirshSession(libvirt.deadline * 1000);
}

/** The same for one domain that was found already. */
export async function repairDomain(domain: Domain, options: LockedRepair): Promise<RepairReport> {
  try {
    return await withDomainLock(domain.name, () => repairLocked(domain, options));
  } catch (error) {
    if (!(error instanceof GuardError) || error.code !== 'busy') throw error;
    const reason = { remedy: textOf('run-again'), ...messageOf(error) };
    return { ...reportNoFacts(unreadable(domain, reason)), result: 'busy' };
  }
}

/** The same as {@link repairDomain} for a caller that holds the domain's lock already. */
export async function repairLocked(domain: Domain, options: LockedRepair): Promise<RepairReport> {
  const { settings, dryRun, wanted = usualOrders, root = '/', group } = options;
  const virsh = options.virsh ?? sessionFor(settings);
  const openByQemu = openingByQemu(askingAbout(domain, settings, virsh));
  const work = (held: HeldDomain): Promise<RepairReport> =>
    dryRun ? planOnly(held, wanted) : repairHeld(held, { root, wanted, openByQemu });
  try {
    const done = await (group ? group.with(domain, work) : holdDomain(domain, work, root));
    return 'why' in done ? { ...reportNoFacts(done), result: 'refused' } : done;
  } finally {
    if (!options.virsh) virsh.end();
  }
}

async function planOnly(held: HeldDomain, wanted: readonly Order[]): Promise<RepairReport> {
  const before = report(await collectFacts(held, { open: true }), checks, wanted);
  return { ...before, result: resultBefore(before) ?? 'would-repair' };
}

interface HeldRepair {
  readonly root: string;
  readonly wanted: readonly Order[];
  readonly openByQemu: OpenByQemu;
}

async function repairHeld(held: HeldDomain, { root, wanted, openByQemu }: HeldRepair): Promise<RepairReport> {
  removeLeftovers(held);
  const before = report(await collectFacts(held, { open: true }), checks, wanted);
  const result = resultBefore(before);
  if (result !== undefined) return { ...before, result };

  const host = FileTree.open(root);
  try {
    const { done, undo, error } = await apply(before.plan, { held, host });
    if (error) return failed(before, error);
    const facts = await collectAgain(held, openByQemu).catch((failure: unknown) => {
      undo();
      throw failure;
    });
    const after = report(facts, checks, wanted);
    const first = after.findings.find(({ state }) => state !== 'ok') ?? unproven(facts, before);
    if (first) {
      undo();
      const undone = message('repair-undone', { reason: first });
      return failed(after, { ...undone, remedy: first.remedy });
    }
    removeLeftovers(held);
    return { ...after, plan: done, result: 'repaired' };
  } finally {
    host.close();
  }
}

/** Reads both trees again, not from what was read before the repair, and opens every disk; so does QEMU. */
async function collectAgain(held: HeldDomain, openByQemu: OpenByQemu): Promise<DomainFacts> {
  const view = held.process.view();
  try {
    return await collectFacts({ ...held, view }, { open: true, openByQemu });
  } finally {
    view.close();
  }
}

/** What is still wrong, for any order, with a path that was repaired. */
function unproven(facts: DomainFacts, { findings }: DomainReport): Finding | undefined {
  const repaired = new Set(findings.flatMap(({ plan, path }) => (plan && path !== undefined ? [path] : [])));
  return report(facts, checks, orders).findings.find(
    ({ state, path }) => state !== 'ok' && path !== undefined && repaired.has(path),
  );
}

/** The result of a repair that has nothing to do, or is refused; `undefined` when there is something to do. */
function resultBefore({ verdict, plan }: DomainReport): RepairResult | undefined {
  if (verdict === 'blocked' || verdict === 'undecided') return 'refused';
  return plan.length > 0 ? undefined : 'nothing-to-do';
}

function failed(base: DomainReport, reason: Omit<Failure, 'code'>): RepairReport {
  const finding: Finding = { check: 'repair', state: 'problem', ...messageOf(reason) };
  return { ...base, findings: [...base.findings, finding], plan: [], result: 'failed' };
}
