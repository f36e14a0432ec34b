import { resetOf } from './model/judge';
import type { Domain } from '../hypervisor/model/domain-xml';
import { isFailure, messageOf, type Reason } from '../core/errors';
import type { BlockState } from '../core/finding';
import type { Settings } from '../config/settings';
import type { Strategy } from '../core/remedy-name';
import { isUnknown, type Unknown } from '../core/unknown';
import { askQemu } from '../hypervisor/qmp-client';
import { message, shortOf, textOf, type Message } from '../messages';
import { logEnd } from './io/qemu-log';
import type { QemuProcess } from '../hypervisor/process';
import { recordReset } from './io/reset-record';
import { Virsh } from '../hypervisor/virsh';
import type { Destination } from '../destination/destination';
import { inspectHeld, type Inspection } from './inspect';
import { remedies, ResetTarget, type Applied } from './remedies';
import { resetReport, type ResetAction, type ResetReport } from './reset-report';

export interface ResetOptions {
  readonly settings: Settings;
  /** `auto`: those of the configuration, in their order. */
  readonly strategy: Strategy | 'auto';
  readonly dryRun: boolean;
  /** The destination of the last migration. Without it, only QEMU's log can show that no copy owns the disks. */
  readonly destination?: Destination | undefined;
  /** Shared by the resets of many domains. */
  readonly virsh?: Virsh;
}

/** One reset of a domain whose QEMU is held: applies the allowed remedies in their order until QEMU has its disks back. */
export class ResetSession {
  private readonly actions: ResetAction[] = [];
  /** Why each remedy was skipped, or failed. */
  private readonly reasons: Message[] = [];
  private undecided = false;
  private tried = false;
  private readonly virsh: Virsh;
  private readonly target: ResetTarget;

  constructor(
    private readonly domain: Domain,
    private readonly held: QemuProcess,
    private readonly options: ResetOptions,
  ) {
    const { settings, destination, virsh = new Virsh(settings.libvirt.deadline * 1000) } = options;
    this.virsh = virsh;
    this.target = new ResetTarget(domain, held, settings, destination, virsh);
  }

  async run(): Promise<ResetReport> {
    const { strategy, settings, dryRun } = this.options;
    let inspection = await inspectHeld(this.domain, this.held, settings, this.virsh);
    if (inspection.blockState === 'healthy')
      return this.report('healthy', 'healthy', message('already-healthy'));
    const refusal = this.refuseUnlessResumed(inspection);
    if (refusal) return refusal;
    const order = strategy === 'auto' ? settings.reset.strategies : [strategy];
    for (const candidate of order) {
      const plan = await remedies[candidate](this.target, inspection.reading);
      if (isFailure(plan)) {
        this.reject(candidate, 'skipped', plan);
        this.undecided ||= plan.code === 'undecided';
        continue;
      }
      const { commands } = plan;
      if (dryRun) {
        const what = textOf('would-be-applied');
        this.actions.push({ strategy: candidate, outcome: 'planned', what, commands });
        const planned = message('remedy-would-be-applied', { remedy: candidate });
        return this.report('planned', inspection.blockState, planned);
      }
      this.tried = true;
      const place = logEnd(settings.libvirt.logDirectory, this.domain.name);
      const applied = await plan.apply();
      if (this.held.isAlive() === false) return this.dead(candidate);
      inspection = await this.verify(applied);
      if (candidate === 'suspend-resume') {
        // The disks of a guest that stayed paused may be healthy, and no other remedy would resume it.
        const state = await this.target.runState(inspection.reading);
        if (state !== 'running') return this.paused(applied, state, inspection, commands);
      }
      const evidence = evidenceOf(inspection);
      if (inspection.blockState === 'healthy') {
        const what = isUnknown(applied)
          ? textOf('healthy-all-the-same', { problem: applied.unknown })
          : applied.what;
        this.actions.push({ strategy: candidate, outcome: 'done', what, commands });
        if (place) recordReset(this.domain.name, this.held, place);
        return this.report('healed', 'healthy', message('healed-by', { remedy: candidate, evidence }));
      }
      const reason = isUnknown(applied)
        ? { what: applied.unknown }
        : message('no-effect', { reason: evidence });
      this.reject(candidate, 'failed', reason, commands);
    }
    return this.giveUp(inspection);
  }

  private reject(
    strategy: Strategy,
    outcome: 'skipped' | 'failed',
    reason: Reason,
    commands?: readonly string[],
  ): void {
    this.actions.push({ strategy, outcome, what: reason.what, ...(commands ? { commands } : {}) });
    this.reasons.push(message('remedy-outcome', { remedy: strategy, reason: messageOf(reason) }));
  }

  /** A guest that was not resumed since it arrived, or may not have been: its resume gives it its disks back, no reset may. */
  private refuseUnlessResumed({ blockState, findings, mayWait }: Inspection): ResetReport | undefined {
    if (blockState !== 'not-resumed' && !mayWait) return undefined;
    const remedy = findings.find(({ state }) => state !== 'ok')?.remedy;
    const reason = message(mayWait ? 'arrived-paused-no-reset' : 'resume-first');
    return this.report(mayWait ? 'undecided' : 'refused', blockState, { ...reason, remedy });
  }

  /**
   * Inspects again. Where memory cannot be read, this proves the block state: QEMU answers `cont`, `blockdev-set-active`
   * and libvirt's resume with success only after bdrv_activate_all() went through all nodes that belong to a disk and
   * found no error; it skips only a node without a driver, which makes query-named-block-nodes fail. And the guest has
   * to run: in `suspended` QEMU reports success and does nothing.
   */
  private async verify(applied: Applied | Unknown): Promise<Inspection> {
    const inspection = await inspectHeld(this.domain, this.held, this.options.settings, this.virsh);
    if (!isUnknown(inspection.reading) || isUnknown(applied) || !applied.activatedAll) return inspection;
    const answers = await askQemu(this.virsh, this.domain.uuid);
    if (isUnknown(answers) || answers.status !== 'running') return inspection;
    if (answers.inactiveNodes !== undefined && answers.inactiveNodes.length > 0) return inspection;
    const evidence = { answers: `status ${answers.status}, migration ${answers.migration ?? 'none'}` };
    return {
      ...inspection,
      blockState: 'healthy',
      findings: [{ check: 'block-state', state: 'ok', ...message('all-activated'), evidence }],
    };
  }

  private giveUp({ blockState, findings }: Inspection): ResetReport {
    const [first] = this.reasons;
    const why = {
      what: this.reasons.map(({ what }) => what).join('; '),
      ...(first ? { short: shortOf(first) } : {}),
    };
    const own = findings.find(({ state }) => state !== 'ok')?.remedy;
    const isReset = own === undefined || own === resetOf(this.domain.name);
    const reason = { ...why, remedy: isReset ? textOf('reset-again') : own };
    if (this.tried) return this.report('failed', blockState, reason);
    return this.report(this.undecided ? 'undecided' : 'refused', blockState, reason);
  }

  private dead(strategy: Strategy): ResetReport {
    this.actions.push({ strategy, outcome: 'failed', what: textOf('qemu-killed-by-remedy') });
    const log = `${this.options.settings.libvirt.logDirectory}/${this.domain.name}.log`;
    return this.report('dead', 'unknown', message('qemu-died-in-reset', { log }));
  }

  private paused(
    applied: Applied | Unknown,
    state: string | Unknown,
    { blockState }: Inspection,
    commands: readonly string[],
  ): ResetReport {
    const what = isUnknown(applied) ? applied.unknown : applied.what;
    this.actions.push({ strategy: 'suspend-resume', outcome: 'failed', what, commands });
    const { name: domain } = this.domain;
    const reason = isUnknown(state)
      ? message('suspended-state-not-known', { domain, problem: state.unknown })
      : message('not-resumed-again', { domain, state });
    return this.report('paused', blockState, reason);
  }

  private report(result: ResetReport['result'], blockState: BlockState, reason: Reason): ResetReport {
    return resetReport({ domain: this.domain.name, blockState }, result, reason, this.actions);
  }
}

function evidenceOf({ findings }: Inspection): string {
  const bad = findings.filter(({ state }) => state !== 'ok');
  return (bad.length > 0 ? bad : findings).map(({ what }) => what).join('; ');
}
