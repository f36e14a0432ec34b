import { resetOf } from '../core/block-state';
import type { Domain } from '../core/domain';

import type { ExitCode } from '../core/exit-codes';
import { isUnknown, type Unknown } from '../core/facts';
import type { BlockState } from '../core/finding';
import type { Settings } from '../core/settings';
import type { Strategy } from '../core/strategy';
import { withDomainLock } from '../system/domain-lock';
import { logEnd } from '../system/qemu-log';
import type { QemuProcess } from '../system/qemu-process';
import { noteReset } from '../system/reset-note';
import { Virsh } from '../system/virsh';
import { Destination } from './destination';
import { findDomain } from './find-domains';
import { errorOfNotHeld, holdQemu, inspectHeld, type Inspection } from './inspect';
import { Remedies, type Applied } from './remedies';

/** What was tried, or left out, and why. */
interface ResetAction {
  readonly strategy: Strategy;
  readonly outcome: 'skipped' | 'planned' | 'failed' | 'done';
  readonly what: string;
  /** What is run, or would be: command lines and gdb scripts, as a person would type them. */
  readonly commands?: readonly string[];
}

/** How a reset ends, and the exit status of each. */
export const resetResults = {
  healthy: 'ok',
  healed: 'ok',
  planned: 'ok',
  refused: 'problem',
  undecided: 'undecided',
  busy: 'busy',
  failed: 'failed',
  dead: 'person',
  paused: 'person',
} as const satisfies Readonly<Record<string, ExitCode>>;

export interface ResetReport {
  readonly domain: string;
  readonly result: keyof typeof resetResults;
  /** Always empty: a reset moves nothing. */
  readonly attempts: readonly [];
  readonly actions: readonly ResetAction[];
  readonly blockState: BlockState;
  readonly what: string;
  readonly remedy?: string;
}

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

/** Heals the block state of one domain, as the only one who works on it. @throws GuardError `busy` */
export async function reset(
  word: string,
  { destination: host, ...options }: Omit<ResetOptions, 'destination'> & { readonly destination?: string },
): Promise<ResetReport> {
  const domain = await findDomain(word, options.settings);
  const destination = host === undefined ? undefined : new Destination(host, options.settings);
  try {
    return await resetAlone(domain, { ...options, destination });
  } finally {
    destination?.end();
  }
}

function resetAlone(domain: Domain, options: ResetOptions): Promise<ResetReport> {
  // A dry run only looks, and may look at what another does.
  return options.dryRun
    ? resetLocked(domain, options)
    : withDomainLock(domain.name, () => resetLocked(domain, options));
}

/** The same for a caller that holds the domain's lock already. */
export async function resetLocked(domain: Domain, options: ResetOptions): Promise<ResetReport> {
  const held = holdQemu(domain);
  if (isUnknown(held)) {
    const error = errorOfNotHeld(held, domain);
    if (!held.isForeign) throw error;
    const { what, remedy } = error;
    return untouched({ domain: domain.name, blockState: 'unknown' }, 'refused', what, remedy);
  }
  try {
    return await new Reset(domain, held, options).run();
  } finally {
    held.close();
  }
}

/** The report of a domain to which nothing was done. */
export function untouched(
  { domain, blockState }: Pick<ResetReport, 'domain' | 'blockState'>,
  result: ResetReport['result'],
  what: string,
  remedy: string | undefined,
): ResetReport {
  const report = { domain, result, attempts: [], actions: [], blockState, what } as const;
  return { ...report, ...(remedy === undefined ? {} : { remedy }) };
}

class Reset {
  private readonly actions: ResetAction[] = [];
  private undecided = false;
  private tried = false;
  private readonly virsh: Virsh;
  private readonly remedies: Remedies;

  constructor(
    private readonly domain: Domain,
    private readonly held: QemuProcess,
    private readonly options: ResetOptions,
  ) {
    const { settings, destination, virsh = new Virsh(settings.libvirt.deadline * 1000) } = options;
    this.virsh = virsh;
    this.remedies = new Remedies(domain, held, settings, destination, virsh);
  }

  async run(): Promise<ResetReport> {
    const { strategy, settings, dryRun } = this.options;
    let inspection = await inspectHeld(this.domain, this.held, settings, this.virsh);
    if (inspection.blockState === 'healthy') return this.report('healthy', 'healthy', 'nothing to heal');
    const waiting = this.waiting(inspection);
    if (waiting) return waiting;
    const order = strategy === 'auto' ? settings.reset.strategies : [strategy];
    for (const candidate of order) {
      const plan = await this.remedies.plan(candidate, inspection);
      if ('why' in plan) {
        this.actions.push({ strategy: candidate, outcome: 'skipped', what: plan.why });
        this.undecided ||= plan.unknown === true;
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
        const state = await this.remedies.runState(inspection.reading);
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
    return mayWait
      ? this.report(
          'undecided',
          blockState,
          'the guest arrived paused, and may not have been resumed since',
          remedy,
        )
      : this.report(
          'refused',
          blockState,
          'the guest stands still and its disks are INACTIVE: resume it first',
          remedy,
        );
  }

  /** A second inspection. Without memory, what QEMU says and does is the evidence; see {@link Remedies.prove}. */
  private async verify(applied: Applied | Unknown): Promise<Inspection> {
    const inspection = await inspectHeld(this.domain, this.held, this.options.settings, this.virsh);
    if (!isUnknown(inspection.reading) || isUnknown(applied) || !applied.activatedAll) return inspection;
    return this.remedies.prove(inspection);
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
    return this.report(
      'dead',
      'unknown',
      'QEMU died during the reset',
      `see ${log}, then start the VM again`,
    );
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
    const { actions, domain } = this;
    return {
      domain: domain.name,
      result,
      attempts: [],
      actions,
      blockState,
      what,
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
}

function evidenceOf({ findings }: Inspection): string {
  const bad = findings.filter(({ state }) => state !== 'ok');
  return (bad.length > 0 ? bad : findings).map(({ what }) => what).join('; ');
}
