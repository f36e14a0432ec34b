import { causeOf, mayRetry, sawHandingOverFail, type Attempt } from '../core/attempt';
import type { Domain } from '../core/domain';
import { GuardError } from '../core/errors';
import type { ExitCode } from '../core/exit-codes';
import { isUnknown } from '../core/facts';
import type { BlockState, DomainReport } from '../core/finding';
import type { Settings } from '../core/settings';
import { withDomainLock } from '../system/domain-lock';
import { LogWatch } from '../system/log-watch';
import { runMover, type Moved, type Mover } from '../system/mover';
import { checkDomain } from './check';
import { copyOnDestination, listDomainsOn } from './destination-copy';
import { findDomain } from './find-domains';
import { holdQemu, inspectDomain } from './inspect';
import { StandBy, type Reactivation } from './reactivate';
import { repairLocked } from './repair';
import { resetLocked } from './reset';

/** Milliseconds. Only a mover that failed is waited for. */
const lastWordsWait = 500;

/** How a guarded run ends, and the exit status of each; `mover-failed` keeps the mover's own. */
export const guardResults = {
  done: 'ok',
  refused: 'problem',
  undecided: 'undecided',
  failed: 'failed',
  'mover-failed': 'problem',
  person: 'person',
} as const satisfies Readonly<Record<string, ExitCode>>;

export interface GuardAction {
  readonly action: 'check' | 'repair' | 'reset' | 're-activate';
  readonly what: string;
}

export interface GuardReport {
  readonly domain: string;
  readonly result: keyof typeof guardResults;
  readonly attempts: readonly Attempt[];
  readonly actions: readonly GuardAction[];
  readonly blockState: BlockState;
  /** Milliseconds from the end of libvirt's job to QEMU having its disks back, after a failure. */
  readonly reactivation?: number;
  readonly what: string;
  readonly remedy?: string;
  /** What the mover printed at its last attempt. */
  readonly output?: Moved;
}

/** What runs beside a mover: shows its progress, and hears the wish to end it. */
export interface Moving {
  readonly aborted: () => boolean;
  readonly end: () => void;
}

export interface GuardOptions {
  readonly settings: Settings;
  /** Where the domain goes; none for a save. */
  readonly destination?: string;
  readonly mover: (domain: Domain) => Mover;
  /** Told what is done, as it is done. */
  readonly say?: (action: GuardAction) => void;
  /** Told while a mover runs. */
  readonly moving?: (domain: Domain) => Moving;
}

/** Checks, repairs and resets a domain, lets the mover move it, and mends what the move broke. @throws GuardError */
export async function guard(word: string, options: GuardOptions): Promise<GuardReport> {
  const domain = await findDomain(word, options.settings);
  return withDomainLock(domain.name, () => new Guard(domain, options).run());
}

class Guard {
  private readonly attempts: Attempt[] = [];
  private readonly actions: GuardAction[] = [];
  private reactivation: number | undefined;
  private output: Moved | undefined;
  private aborted = false;
  private blockState: BlockState = 'unknown';

  constructor(
    private readonly domain: Domain,
    private readonly options: GuardOptions,
  ) {}

  async run(): Promise<GuardReport> {
    const refusal = await this.makeSafe();
    if (refusal) return refusal;
    for (;;) {
      const { moved, reactivation, cause } = await this.attempt();
      this.output = moved;
      if (cause === undefined) return this.report('done', 'done');
      if (cause === 'died') return await this.died();
      if (cause === 'other') return await this.failedOtherwise();
      const healed = await this.heal(reactivation);
      if ('result' in healed) return healed;
      if (this.aborted) return this.report('mover-failed', 'not tried again, because it was told to end');
      const refused = await this.makeSafe();
      if (refused) return { ...refused, ...this.moverFailed(refused) };
      if (!mayRetry(this.attempts, { healed: true, safe: true })) {
        const what = 'QEMU could not hand over its disks a second time, and has them back';
        return this.report('mover-failed', what, `see migrate-guard check ${this.domain.name} --deep`);
      }
    }
  }

  /** Check, repair, and reset what an earlier failure left. Gives the refusal when it cannot be made safe. */
  private async makeSafe(): Promise<GuardReport | undefined> {
    const { settings, destination } = this.options;
    const checked = await checkDomain(this.domain, {
      settings,
      deep: true,
      ...(destination === undefined ? {} : { destination }),
    });
    const unsafe = this.judge(checked);
    if (unsafe) return unsafe;
    if (checked.plan.length > 0) {
      const repaired = await repairLocked(this.domain);
      const problem = repaired.findings.findLast(({ state }) => state !== 'ok');
      if (repaired.result !== 'repaired' && repaired.result !== 'nothing-to-do') {
        return this.report('failed', problem?.what ?? 'the repair failed', problem?.remedy);
      }
      this.say(
        'repair',
        `${repaired.plan.map(({ path }) => path).join(', ')} made in QEMU's mount namespace`,
      );
    }
    return this.resetEarlier();
  }

  private judge({ findings }: DomainReport): GuardReport | undefined {
    const bad = findings.filter(({ state }) => state !== 'ok');
    // A destination that cannot be asked harms nobody: the mover will tell, before any disk is given up.
    // And what an earlier failure left in QEMU is healed next.
    const stopping = bad.filter(
      ({ check, state }) => !(check === 'destination' && state === 'unknown') && check !== 'block-state',
    );
    for (const { what } of bad.filter(({ check, state }) => check === 'destination' && state === 'unknown')) {
      this.say('check', what);
    }
    const reasons = stopping.filter(({ plan }) => plan === undefined);
    // A wrong volume is the reason; that its path is also missing somewhere is not.
    const first = reasons.find(({ check }) => check === 'disk-device') ?? reasons[0];
    if (!first) return undefined;
    const disk = first.disk === undefined ? '' : `${first.disk} ${first.path ?? ''}: `;
    return this.report(
      first.state === 'problem' ? 'refused' : 'undecided',
      `${disk}${first.what}`,
      first.remedy,
    );
  }

  private async resetEarlier(): Promise<GuardReport | undefined> {
    const { settings } = this.options;
    const inspected = await inspectDomain(this.domain, settings);
    this.blockState = inspected.blockState;
    if (inspected.blockState === 'healthy') return undefined;
    const copy = await copyOnDestination(this.domain, this.options.destination, settings);
    if (copy !== undefined) {
      const remedy = `when it has no copy: migrate-guard reset ${this.domain.name}`;
      return this.report('undecided', `${inspected.blockState}, and not reset, because ${copy}`, remedy);
    }
    const { result, what, remedy, blockState } = await resetLocked(this.domain, {
      settings,
      strategy: 'auto',
      dryRun: false,
    });
    this.blockState = blockState;
    if (result === 'healed' || result === 'healthy') {
      this.say('reset', `an earlier migration failed (block state ${inspected.blockState}); ${what}`);
      return undefined;
    }
    const ends = { dead: 'person', paused: 'person', failed: 'failed' } as const;
    const end =
      result in ends ? ends[result as keyof typeof ends] : result === 'undecided' ? 'undecided' : 'refused';
    return this.report(end, what, remedy);
  }

  /** One run of the mover, with someone standing by. */
  private async attempt(): Promise<{
    moved: Moved;
    reactivation: Reactivation | undefined;
    cause: Attempt['cause'];
  }> {
    const { settings, destination } = this.options;
    const mover = this.options.mover(this.domain);
    const held = holdQemu(this.domain);
    if (isUnknown(held))
      throw new GuardError('undecided', held.unknown, `see virsh domstate ${this.domain.name}`);
    const { logDirectory } = settings.libvirt;
    const watch = new LogWatch(logDirectory, this.domain.name);
    const standBy = this.standsBy() ? new StandBy(this.domain, settings, watch, destination) : undefined;
    const progress = this.options.moving?.(this.domain);
    try {
      const moved = await runMover(mover);
      // virtlogd stands between QEMU and its log: on a busy host the words come after the mover's end.
      if (moved.exit !== 0) await watch.until(sawHandingOverFail, lastWordsWait);
      // Signals stay caught until QEMU has its disks back.
      const reactivation = await standBy?.end();
      this.aborted = progress?.aborted() ?? false;
      const failed = moved.exit !== 0;
      const cause = failed ? causeOf({ log: watch.read(), alive: held.isAlive() }) : undefined;
      this.attempts.push({ mover: mover.name, exit: moved.exit, ...(cause === undefined ? {} : { cause }) });
      return { moved, reactivation, cause };
    } finally {
      progress?.end();
      watch.close();
      held.close();
    }
  }

  /** A site that allows only other remedies than `cont` gets them after the mover, by the reset. */
  private standsBy(): boolean {
    return this.options.settings.reset.strategies[0] === 'cont';
  }

  private async heal(
    reactivation: Reactivation | undefined,
  ): Promise<GuardReport | { readonly healed: true }> {
    if (reactivation && isUnknown(reactivation)) {
      const what = `QEMU could not hand over its disks, and does not have them back: ${reactivation.unknown}`;
      const remedy = `when the destination has no copy of it: migrate-guard reset ${this.domain.name}, before the guest writes`;
      this.blockState = 'unknown';
      return this.report('person', what, remedy);
    }
    if (reactivation) {
      this.reactivation = reactivation.milliseconds;
      this.say(
        're-activate',
        `QEMU took its disks back ${reactivation.milliseconds} ms after libvirt's job ended`,
      );
    }
    const refusal = await this.resetEarlier();
    return refusal ? { ...refusal, ...this.moverFailed(refusal), result: 'person' } : { healed: true };
  }

  /** Not our failure, and not tried again; yet whatever it left of our kind is healed. */
  private async failedOtherwise(): Promise<GuardReport> {
    // Unknown is not healthy: without a layout, the log is all there is.
    const { blockState } = await inspectDomain(this.domain, this.options.settings);
    this.blockState = blockState;
    if (blockState !== 'healthy') await this.resetEarlier();
    return this.report('mover-failed', 'it failed for a reason of its own, so it was not tried again');
  }

  /** The QEMU that ran here is gone, although the mover said that it failed. */
  private async died(): Promise<GuardReport> {
    const { destination, settings } = this.options;
    const { name, uuid } = this.domain;
    const running = destination === undefined ? '' : await listDomainsOn(destination, settings);
    if (typeof running !== 'string') {
      const what = `${name} runs here no more, and nobody can tell whether it runs on ${destination ?? ''}: ${running.unknown}`;
      return this.report(
        'person',
        what,
        `find out with virsh list on ${destination ?? ''}; never start it twice`,
      );
    }
    if (running.includes(uuid)) {
      return this.report(
        'mover-failed',
        `${name} runs on ${destination ?? ''} now, although the mover failed`,
      );
    }
    const what = `QEMU died during the move: ${name} runs nowhere`;
    return this.report(
      'person',
      what,
      `see ${settings.libvirt.logDirectory}/${name}.log, then start the VM again`,
    );
  }

  /** A refusal after a failed attempt: the failure is the mover's, and why there was no retry is said. */
  private moverFailed({ what }: GuardReport): Pick<GuardReport, 'result' | 'what'> {
    return { result: 'mover-failed', what: `not tried again: ${what}` };
  }

  private say(action: GuardAction['action'], what: string): void {
    this.actions.push({ action, what });
    this.options.say?.({ action, what });
  }

  private report(result: GuardReport['result'], what: string, remedy?: string): GuardReport {
    return {
      domain: this.domain.name,
      result,
      attempts: this.attempts,
      actions: this.actions,
      blockState: this.blockState,
      ...(this.reactivation === undefined ? {} : { reactivation: this.reactivation }),
      what,
      ...(remedy === undefined ? {} : { remedy }),
      ...(this.output ? { output: this.output } : {}),
    };
  }
}
