import type { Attempt } from '../core/attempt';
import type { Domain } from '../core/domain';
import type { ExitCode } from '../core/exit-codes';
import type { Unknown } from '../core/facts';
import type { BlockState } from '../core/finding';
import type { JobProgress } from '../core/job-info';
import type { Settings } from '../core/settings';
import type { Moved, Mover } from '../system/mover';
import type { Monitor } from '../system/monitor';
import { VirshSession } from '../system/virsh-session';
import { Destination } from './destination';
import { findDomain } from './find-domains';
import type { Reactivation } from './reactivate';

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
  readonly action: 'check' | 'repair' | 'reset' | 'abort' | 're-activate';
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
  /** Of these, until the destination had no copy of the domain any more. */
  readonly reactivationWait?: number;
  readonly what: string;
  readonly remedy?: string;
  /** It succeeded, and `what` is something to be told all the same. */
  readonly warning?: true;
  /** What the mover printed at its last attempt. */
  readonly output?: Moved;
}

/** What can be done to a mover that runs. */
export interface Movement {
  /** Has libvirt end its job, and the mover with it; bounded. The VM runs on where it is. */
  readonly abort: () => void;
}

/** What runs beside a mover: shows its progress, and hears the wish to end it. */
export interface Moving {
  /** Told about once a second. */
  readonly show?: (job: JobProgress) => void;
  readonly aborted: () => boolean;
  readonly end: () => void;
}

export interface CourseOptions {
  readonly settings: Settings;
  /** What a save writes to, where that is known. */
  readonly file?: string;
  /** Where the domain goes; none for a save. */
  readonly destination?: string;
  /** The domain was on its way there already, and the move failed. */
  readonly wasOnItsWay?: boolean;
  /** Whether the disks' paths have to exist there already; so unless the mover makes them. */
  readonly checkDestination?: boolean;
  /** Nothing is changed; what would be done is told. */
  readonly dryRun?: boolean;
  /** Told what is done, as it is done. */
  readonly say?: (action: GuardAction) => void;
}

export interface GuardOptions extends CourseOptions {
  readonly mover: (domain: Domain) => Mover;
  /** Told while a mover runs. */
  readonly moving?: (domain: Domain, movement: Movement) => Moving;
}

/** What a guarded run has done and learned so far. */
export class GuardCourse {
  readonly attempts: Attempt[] = [];
  blockState: BlockState = 'unknown';
  reactivation: Exclude<Reactivation, Unknown> | undefined;
  output: Moved | undefined;
  aborted = false;
  /** libvirt has written the domain to a file, and ended its QEMU. */
  wasSaved = false;
  /** After its end here, it was looked for elsewhere. */
  hasLookedElsewhere = false;
  /** One for all that is asked here: by the check, and by who stands by the mover. */
  readonly virsh = new VirshSession(true);
  /** By it QEMU is asked. */
  readonly monitor: Monitor;
  private readonly actions: GuardAction[] = [];

  private constructor(
    readonly domain: Domain,
    readonly options: CourseOptions,
    /** None for a save. */
    readonly destination: Destination | undefined,
  ) {
    this.monitor = this.virsh.monitorWithin(options.settings.libvirt.deadline * 1000);
  }

  /**
   * Finds the domain, does something with a course of its own, and ends what that has opened. With `connect` the
   * destination is called before anything else: what is asked there for sure is what takes longest of all.
   * @throws GuardError
   */
  static async with<T>(
    word: string,
    options: CourseOptions & { readonly connect?: boolean },
    work: (course: GuardCourse) => Promise<T>,
  ): Promise<T> {
    const { destination: host, settings, connect = false } = options;
    const destination = host === undefined ? undefined : new Destination(host, settings);
    if (connect) destination?.connect();
    let course: GuardCourse | undefined;
    try {
      course = new GuardCourse(await findDomain(word, settings), options, destination);
      return await work(course);
    } finally {
      destination?.end();
      course?.virsh.end();
    }
  }

  /** Where the last migration went, as far as this run knows: there a copy of the domain may be left. */
  get lastDestination(): Destination | undefined {
    return this.attempts.length > 0 || this.options.wasOnItsWay === true ? this.destination : undefined;
  }

  /** A guest that stood still before is moved as it is, and stays as it is. */
  get stateBefore(): string {
    return this.domain.state ?? 'running';
  }

  /** QEMU did not die: it had handed over, and what failed afterwards was the mover. */
  blameMover(): void {
    const last = this.attempts.pop();
    if (last) this.attempts.push({ ...last, cause: 'other' });
  }

  /** It succeeded, and there is something to be told all the same. */
  warn(what: string, remedy?: string): GuardReport {
    return { ...this.report('done', what, remedy), warning: true };
  }

  say(action: GuardAction['action'], what: string): void {
    this.actions.push({ action, what });
    this.options.say?.({ action, what });
  }

  report(result: GuardReport['result'], what: string, remedy?: string): GuardReport {
    return {
      domain: this.domain.name,
      result,
      attempts: this.attempts,
      actions: this.actions,
      blockState: this.blockState,
      ...(this.reactivation === undefined
        ? {}
        : {
            reactivation: this.reactivation.milliseconds,
            reactivationWait: this.reactivation.destination,
          }),
      what,
      ...(remedy === undefined ? {} : { remedy }),
      ...(this.output ? { output: this.output } : {}),
    };
  }
}
