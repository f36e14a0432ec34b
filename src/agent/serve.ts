import { setTimeout as pause } from 'node:timers/promises';
import type { AgentResult, FoundLine } from '../agent-protocol/model/messages';
import type { AgentRequest } from '../agent-protocol/model/request';
import { reset } from '../block-state/reset';
import { resetResults } from '../block-state/reset-report';
import type { Settings } from '../config/settings';
import { GuardError } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import { withoutPlainOk } from '../core/finding';
import { checkAllDomains } from '../disk-paths/check-all-domains';
import { repairExit, repairLocked, type RepairResult } from '../disk-paths/repair';
import { hostState } from '../doctor/check-host';
import { patienceForMove, withDomainLock } from '../hypervisor/domain-lock';
import { findDomain } from '../hypervisor/find-domains';
import { diskPlacesOf } from '../hypervisor/model/disk-place';
import { isDeployed } from '../hypervisor/model/domain-name';
import { message, textOf } from '../messages';
import { jobOf } from '../hypervisor/qmp-client';
import { runGuardedMove } from '../move/guarded-move';
import type { MoverResult, Mover, RunningMover } from '../move/io/mover-process';
import { guardResults } from '../move/model/move-states';
import type { Ending, GuardReport } from '../move/move-report';
import { preparePaths, prepareForMove, resetLeftoverState } from '../move/prepare';
import { MoveSession, type MoveOptions } from '../move/session';
import { forecastRelink } from '../relink/forecast';
import { NotDeployed } from './not-deployed';

/** Milliseconds in which a started mover may begin libvirt's job. */
const orphanGraceMs = 15_000;
const orphanPollMs = 200;

/** The front-end, as the agent sees it. */
interface AgentClient {
  /** To be called before the first change. */
  readonly begins: () => void;
  readonly did: (action: string, what: string) => void;
  readonly found: (found: Omit<FoundLine, 'kind'>) => void;
  /** Runs the mover on the front-end. If the front-end goes away, the mover may continue, or end with it. */
  readonly move: () => RunningMover;
  /** Whether the front-end is gone. */
  readonly isGone: () => boolean;
  /** Fulfilled when the front-end is gone. */
  readonly gone: Promise<void>;
}

/** Deadline for all VMs of a host, in milliseconds. */
const auditDeadlineMs = 45_000;

type VmRequest = AgentRequest & { readonly domain: string };

/** The actions on one VM, one function each. */
const vmWork = {
  migrate: move,
  save: move,
  /** Check, repair and reset before an order, for a caller without a standby while it runs. */
  prepare: inSession(async (session) => (await prepareForMove(session, undefined)) ?? safe(session)),
  repair: repairOnly,
  reset: resetOnly,
  /**
   * After a failure: first the disks, which may kill the VM; then the paths, for the next attempt. A save has no
   * destination: only QEMU's log can show whether a copy may exist elsewhere.
   */
  heal: inSession(async (session) => {
    const refusal = await resetLeftoverState(session, session.destination);
    return refusal ?? (await preparePaths(session)) ?? safe(session);
  }),
} as const;

/**
 * Runs the agent's actions for OpenNebula's drivers, hooks and probe.
 * @throws GuardError
 */
export async function handleRequest(
  request: AgentRequest,
  settings: Settings,
  frontend: AgentClient,
): Promise<AgentResult> {
  const { action, domain } = request;
  if (action === 'state') return hostState(settings);
  if (action === 'audit')
    return reportAll(checkAllDomains(settings, auditDeadlineMs, isDeployed), 'vms-counted', frontend);
  if (action === 'foresee') {
    const forecasts = forecastRelink(request.changes ?? [], settings, auditDeadlineMs, isDeployed);
    return reportAll(forecasts, 'vms-behind-links', frontend);
  }
  if (!(action in vmWork) || action === 'probe')
    throw new GuardError('usage', message('action-unknown', { action }));
  if (domain === undefined) throw new GuardError('usage', message('action-without-domain', { action }));
  const { name } = await findDomain(domain, settings);
  // sudo allows this for OpenNebula's own VMs only.
  if (!isDeployed(name)) {
    throw new NotDeployed('notPermitted', message('not-deployed', { domain: name }));
  }
  return vmWork[action]({ ...request, domain: name }, settings, frontend);
}

/** For the front-end's audit: every affected VM that OpenNebula deployed here, without findings that are in order. */
async function reportAll(
  reports: AsyncIterable<Omit<FoundLine, 'kind'>>,
  counted: 'vms-counted' | 'vms-behind-links',
  { found }: AgentClient,
): Promise<AgentResult> {
  let count = 0;
  for await (const { report, now, qemu } of reports) {
    found({ report: withoutPlainOk(report), ...(now ? { now } : {}), ...(qemu ? { qemu } : {}) });
    count += 1;
  }
  return { exit: exitCodes.ok.status, result: 'done', ...message(counted, { count }) };
}

/** Check, repair, reset; the mover, on the front-end; and the steps after its failure. */
async function move(request: VmRequest, settings: Settings, frontend: AgentClient): Promise<AgentResult> {
  const mover: Mover = {
    name: `OpenNebula's ${request.action}`,
    start: () => untilGone(frontend, request.domain, settings),
  };
  const report = await runGuardedMove(request.domain, {
    ...moveOptions(request, settings, frontend),
    mover: () => mover,
    // Without a front-end nothing can run the mover a second time.
    observe: () => ({ aborted: frontend.isGone, end: () => undefined }),
  });
  return endOf(report);
}

/** The front-end is gone, but its mover may continue: then the end of libvirt's job is its end. */
function untilGone(frontend: AgentClient, domain: string, settings: Settings): RunningMover {
  const mover = frontend.move();
  let hasEnded = false;
  void mover.ended.then(() => (hasEnded = true));
  const orphaned = frontend.gone.then(async (): Promise<MoverResult> => {
    const began = performance.now();
    // The front-end may also be gone because the mover has ended.
    for (let seen = false; !hasEnded;) {
      // Without a status file the domain has left this host, and its job has ended.
      const hasJob = typeof jobOf(settings.libvirt.stateDirectory, domain) === 'string';
      seen ||= hasJob;
      if (!hasJob && (seen || performance.now() - began > orphanGraceMs)) break;
      await pause(orphanPollMs);
    }
    return { exit: null, stdout: '', stderr: textOf('frontend-gone') };
  });
  return { ended: Promise.race([mover.ended, orphaned]), kill: mover.kill };
}

function safe({ options }: MoveSession): Ending {
  return { result: 'done', ...message(options.dryRun ? 'dry-run-ended' : 'can-migrate') };
}

const repairEnds = {
  'nothing-to-do': 'disks-open-already',
  repaired: 'disks-open-now',
  'would-repair': 'dry-run-ended',
  failed: 'repair-failed',
  busy: 'repair-locked',
  refused: 'repair-refused',
} as const satisfies Readonly<Record<RepairResult, string>>;

/** During a migration libvirt answers no question about QEMU: only the paths can be repaired. */
async function repairOnly(
  request: VmRequest,
  settings: Settings,
  frontend: AgentClient,
): Promise<AgentResult> {
  const domain = await findDomain(request.domain, settings);
  if (request.dryRun !== true) frontend.begins();
  const options = { settings, dryRun: request.dryRun === true };
  const report = await withDomainLock(domain.name, () => repairLocked(domain, options));
  const paths = report.plan.map(({ path }) => path).join(', ');
  const exit = repairExit(report);
  const problem = exit === 'ok' ? undefined : report.findings.findLast(({ state }) => state !== 'ok');
  if (report.result === 'repaired') frontend.did('repair', textOf('paths-made', { paths }));
  if (report.result === 'would-repair') frontend.did('repair', textOf('paths-would-be-made', { paths }));
  return {
    exit: exitCodes[exit].status,
    domain: domain.name,
    result: report.result,
    ...(problem
      ? { what: problem.what, short: problem.short, remedy: problem.remedy }
      : message(repairEnds[report.result])),
    report,
  };
}

/** Heals the disks alone. */
async function resetOnly(
  request: VmRequest,
  settings: Settings,
  frontend: AgentClient,
): Promise<AgentResult> {
  const { destination, dryRun = false } = request;
  if (!dryRun) frontend.begins();
  const report = await reset(request.domain, { settings, strategy: 'auto', dryRun, destination });
  const { domain, result, what, short, remedy, actions } = report;
  for (const { strategy, outcome, what: reason } of actions) {
    if (outcome === 'done' || outcome === 'planned') frontend.did('reset', `${strategy}: ${reason}`);
  }
  const exit = exitCodes[resetResults[result]].status;
  return { exit, domain, result, what, short, remedy, report };
}

function inSession(work: (session: MoveSession) => Promise<Ending>) {
  return async (request: VmRequest, settings: Settings, frontend: AgentClient): Promise<AgentResult> => {
    const options = moveOptions(request, settings, frontend);
    return MoveSession.with(request.domain, options, async (session) => {
      // A dry run takes no lock: it only reads, also while another process works on the domain.
      const isAlone = request.dryRun !== true;
      const ending = isAlone
        ? withDomainLock(session.domain.name, () => work(session), { patience: patienceForMove })
        : work(session);
      const { domain } = session;
      return { ...endOf(session.report(await ending)), disks: diskPlacesOf(domain) };
    });
  };
}

function moveOptions(
  { destination, file, orders: wanted, checkDestination = false, dryRun = false }: AgentRequest,
  settings: Settings,
  { begins, did }: AgentClient,
): MoveOptions {
  const reportAction: MoveOptions['reportAction'] = ({ action, what }) => did(action, what);
  return { settings, destination, file, wanted, checkDestination, dryRun, begins, reportAction };
}

function endOf({ output, ...report }: GuardReport): AgentResult {
  const { domain, result, what, short, remedy, warning } = report;
  const own = result === 'mover-failed' ? output?.exit : undefined;
  const exit = own ?? exitCodes[guardResults[result]].status;
  return { exit, domain, result, what, short, remedy, warning, report };
}
