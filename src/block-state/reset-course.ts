import { resetOf } from './model/judge';
import type { Domain } from '../hypervisor/model/domain-xml';
import { isFailure } from '../core/errors';
import type { BlockState } from '../core/finding';
import type { Settings } from '../config/settings';
import type { Strategy } from '../core/remedy-name';
import { isUnknown, type Unknown } from '../core/unknown';
import { askQemu } from '../hypervisor/qmp-client';
import { logEnd } from './io/qemu-log';
import type { QemuProcess } from '../hypervisor/process';
import { noteReset } from './io/reset-marker';
import { Virsh } from '../hypervisor/virsh';
import type { Destination } from '../destination/destination';
import { inspectHeld, type Inspection } from './inspect';
import { Patient, remedies, type Applied } from './remedies';
import { resetReport, type ResetAction, type ResetReport } from './reset-report';

export interface ResetOptions {
  readonly settings: Settings;
  /** `auto`: those of the configuration, in their order. */
  readonly strategy: Strategy | 'auto';
  readonly dryRun: boolean;
  /** Where the last migration was to go. Without it, only QEMU's log can tell that no copy owns the disks. */
  readonly destination?: Destination | undefined;
  /** Of a run over many domains. */
  readonly virsh?: Virsh;
}

/** One reset of a domain whose QEMU is held: the allowed remedies in their order, until its disks are its own. */
export class ResetSession {
  private readonly actions: ResetAction[] = [];
  private undecided = false;
  private tried = false;
  private readonly virsh: Virsh;
  private readonly patient: Patient;

  constructor(
    private readonly domain: Domain,
    private readonly held: QemuProcess,
    private readonly options: ResetOptions,
  ) {
    const { settings, destination, virsh = new Virsh(settings.libvirt.deadline * 1000) } = options;
    this.virsh = virsh;
    this.patient = new Patient(domain, held, settings, destination, virsh);
  }

  async run(): Promise<ResetReport> {
    const { strategy, settings, dryRun } = this.options;
    let inspection = await inspectHeld(this.domain, this.held, settings, this.virsh);
    if (inspection.blockState === 'healthy') return this.report('healthy', 'healthy', 'nothing to heal');
    const waiting = this.waiting(inspection);
    if (waiting) return waiting;
    const order = strategy === 'auto' ? settings.reset.strategies : [strategy];
    for (const candidate of order) {
      const plan = await remedies[candidate](this.patient, inspection.reading);
      if (isFailure(plan)) {
        this.actions.push({ strategy: candidate, outcome: 'skipped', what: plan.what });
        this.undecided ||= plan.code === 'undecided';
        continue;
      }
      const { commands } = plan;
      if (dryRun) {
        this.actions.push({ strategy: candidate, outcome: 'planned', what: 'would be applied', commands });
        return this.report('planned', inspection.blockState, `${candidate} would be applied`);
      }
      this.tried = true;
      const place = logEnd(settings.libvirt.logDirectory, this.domain.name);
      const applied = await plan.apply();
      if (this.held.isAlive() === false) return this.dead(candidate);
      inspection = await this.verify(applied);
      if (candidate === 'suspend-resume') {
        // A guest that stands still may have all its disks, and no other remedy would let it run.
        const state = await this.patient.runState(inspection.reading);
        if (state !== 'running') return this.paused(applied, state, inspection, commands);
      }
      if (inspection.blockState === 'healthy') {
        const what = isUnknown(applied) ? `${applied.unknown}; yet all is healthy` : applied.what;
        this.actions.push({ strategy: candidate, outcome: 'done', what, commands });
        if (place) noteReset(this.domain.name, this.held, place);
        return this.report('healed', 'healthy', `healed by ${candidate}: ${evidenceOf(inspection)}`);
      }
      const what = isUnknown(applied) ? applied.unknown : `it said success, but: ${evidenceOf(inspection)}`;
      this.actions.push({ strategy: candidate, outcome: 'failed', what, commands });
    }
    return this.giveUp(inspection);
  }

  /** A guest that waits for its resume, or may do so: whoever resumes it gives it its disks back, and nobody else may. */
  private waiting({ blockState, findings, mayWait }: Inspection): ResetReport | undefined {
    if (blockState !== 'not-resumed' && !mayWait) return undefined;
    const remedy = findings.find(({ state }) => state !== 'ok')?.remedy;
    const [result, what] = mayWait
      ? (['undecided', 'the guest arrived paused, and may not have been resumed since'] as const)
      : (['refused', 'the guest stands still and its disks are INACTIVE: resume it first'] as const);
    return this.report(result, blockState, what, remedy);
  }

  /**
   * A second inspection. What proves the block state where memory cannot be read: QEMU answers `cont`, `blockdev-set-active`
   * and libvirt's resume with success only after bdrv_activate_all() went through all nodes that belong to a disk and
   * found no error; the one way around it, a node without a driver, makes query-named-block-nodes fail. And the guest has
   * to run: in `suspended` QEMU says success and does nothing.
   */
  private async verify(applied: Applied | Unknown): Promise<Inspection> {
    const inspection = await inspectHeld(this.domain, this.held, this.options.settings, this.virsh);
    if (!isUnknown(inspection.reading) || isUnknown(applied) || !applied.activatedAll) return inspection;
    const answers = await askQemu(this.virsh, this.domain.uuid);
    if (isUnknown(answers) || answers.status !== 'running') return inspection;
    if (answers.inactiveNodes !== undefined && answers.inactiveNodes.length > 0) return inspection;
    const what =
      'QEMU took every disk back and reported no error (bdrv_activate_all); its memory was not read';
    const evidence = { answers: `status ${answers.status}, migration ${answers.migration ?? 'none'}` };
    return {
      ...inspection,
      blockState: 'healthy',
      findings: [{ check: 'block-state', state: 'ok', what, evidence }],
    };
  }

  private giveUp({ blockState, findings }: Inspection): ResetReport {
    const why = this.actions.map(({ strategy, what }) => `${strategy}: ${what}`).join('; ');
    const remedy = findings.find(({ state }) => state !== 'ok')?.remedy;
    const isReset = remedy === undefined || remedy === resetOf(this.domain.name);
    const next = isReset
      ? 'mend what stands in the way, then reset again; do not migrate it, save it or resize its disks before'
      : remedy;
    if (this.tried) return this.report('failed', blockState, why, next);
    return this.report(this.undecided ? 'undecided' : 'refused', blockState, why, next);
  }

  private dead(strategy: Strategy): ResetReport {
    this.actions.push({ strategy, outcome: 'failed', what: 'QEMU died' });
    const log = `${this.options.settings.libvirt.logDirectory}/${this.domain.name}.log`;
    const remedy = `see ${log}, then start the VM again`;
    return this.report('dead', 'unknown', 'QEMU died during the reset', remedy);
  }

  private paused(
    applied: Applied | Unknown,
    state: string | Unknown,
    { blockState }: Inspection,
    commands: readonly string[],
  ): ResetReport {
    const said = isUnknown(applied) ? applied.unknown : applied.what;
    this.actions.push({ strategy: 'suspend-resume', outcome: 'failed', what: said, commands });
    const what = isUnknown(state)
      ? `the guest may have been suspended and not resumed: whether it runs cannot be told: ${state.unknown}`
      : `the guest was suspended and could not be resumed: it is ${state}`;
    return this.report('paused', blockState, what, `virsh resume ${this.domain.name}`);
  }

  private report(
    result: ResetReport['result'],
    blockState: BlockState,
    what: string,
    remedy?: string,
  ): ResetReport {
    return resetReport({ domain: this.domain.name, blockState }, result, what, remedy, this.actions);
  }
}

function evidenceOf({ findings }: Inspection): string {
  const bad = findings.filter(({ state }) => state !== 'ok');
  return (bad.length > 0 ? bad : findings).map(({ what }) => what).join('; ');
}
