import type { Domain } from '../hypervisor/model/domain-xml';
import type { BlockState } from '../core/finding';
import type { JobProgress } from './model/job-progress';
import type { Settings } from '../config/settings';
import type { Mover } from './io/mover-process';
import { VirshSession } from '../hypervisor/virsh-session';
import { Destination } from '../destination/destination';
import { findDomain } from '../hypervisor/find-domains';
import { guardReport, type Attempted, type Ending, type GuardAction, type GuardReport } from './move-report';

/** What runs beside a mover: shows its progress, and hears the wish to end it. */
export interface MoveObserver {
  /** Told about once a second. */
  readonly show?: (job: JobProgress) => void;
  readonly aborted: () => boolean;
  readonly end: () => void;
}

export interface MoveOptions {
  readonly settings: Settings;
  /** What a save writes to, where that is known. */
  readonly file?: string | undefined;
  /** Where the domain goes; none for a save. */
  readonly destination?: string | undefined;
  /** Whether the disks' paths have to exist there already; so unless the mover makes them. */
  readonly checkDestination?: boolean;
  /** Nothing is changed; what would be done is told. */
  readonly dryRun?: boolean;
  /** Told before a repair or a reset begins. */
  readonly begins?: () => void;
  /** Told what is done, as it is done. */
  readonly say?: (action: GuardAction) => void;
}

export interface GuardOptions extends MoveOptions {
  readonly mover: (domain: Domain) => Mover;
  /** Told while a mover runs. `abort` has libvirt end its job, and the mover with it; bounded. The VM runs on where it is. */
  readonly moving?: (domain: Domain, abort: () => void) => MoveObserver;
}

/** The domain of a guarded run, by whom it is asked about, and what was done for it. */
export class MoveSession {
  /** As it was seen last. */
  blockState: BlockState = 'unknown';
  /** One for all that is asked here: by the check, and by who stands by the mover. */
  readonly virsh: VirshSession;
  private readonly actions: GuardAction[] = [];

  private constructor(
    readonly domain: Domain,
    readonly options: MoveOptions,
    /** None for a save. */
    readonly destination: Destination | undefined,
  ) {
    this.virsh = new VirshSession(options.settings.libvirt.deadline * 1000, true);
  }

  /**
   * Finds the domain, does something with a session of its own, and ends what that has opened. With `connect` the
   * destination is called before anything else: what is asked there for sure is what takes longest of all.
   * @throws GuardError
   */
  static async with<T>(
    word: string,
    options: MoveOptions & { readonly connect?: boolean },
    work: (session: MoveSession) => Promise<T>,
  ): Promise<T> {
    const { destination: host, settings, connect = false } = options;
    const destination = host === undefined ? undefined : new Destination(host, settings);
    if (connect) destination?.connect();
    let session: MoveSession | undefined;
    try {
      session = new MoveSession(await findDomain(word, settings), options, destination);
      return await work(session);
    } finally {
      destination?.end();
      session?.virsh.end();
    }
  }

  /** A guest that stood still before is moved as it is, and stays as it is. */
  get stateBefore(): string {
    return this.domain.state ?? 'running';
  }

  say(action: GuardAction['action'], what: string): void {
    this.actions.push({ action, what });
    this.options.say?.({ action, what });
  }

  report(ending: Ending, attempts?: readonly Attempted[]): GuardReport {
    const { domain, actions, blockState } = this;
    return guardReport({ domain: domain.name, actions, blockState }, ending, attempts);
  }
}
