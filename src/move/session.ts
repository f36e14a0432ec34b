import type { Domain } from '../hypervisor/model/domain-xml';
import type { BlockState } from '../core/finding';
import type { Order } from '../core/order';
import type { JobProgress } from './model/job-progress';
import type { Settings } from '../config/settings';
import type { Mover } from './io/mover-process';
import { VirshSession } from '../hypervisor/virsh-session';
import { Destination } from '../destination/destination';
import { findDomain } from '../hypervisor/find-domains';
import { guardReport, type Attempted, type Ending, type GuardAction, type GuardReport } from './move-report';

/** Shows the progress of a mover, and receives the user's wish to cancel it. */
export interface MoveObserver {
  /** Called about once a second. */
  readonly show?: (job: JobProgress) => void;
  readonly aborted: () => boolean;
  readonly end: () => void;
}

export interface MoveOptions {
  readonly settings: Settings;
  /** What must not fail; a migration or a save, if it is missing. */
  readonly wanted?: readonly Order[] | undefined;
  /** The file of a save, where it is known. */
  readonly file?: string | undefined;
  /** Missing for a save. */
  readonly destination?: string | undefined;
  /** Whether the disks' paths have to exist there already (default); not where the mover makes them. */
  readonly checkDestination?: boolean;
  /** Nothing is changed; what would be done is reported. */
  readonly dryRun?: boolean;
  /** Called before a repair or a reset. */
  readonly begins?: () => void;
  /** Called with each action, as it is done. */
  readonly reportAction?: (action: GuardAction) => void;
}

export interface GuardOptions extends MoveOptions {
  readonly mover: (domain: Domain) => Mover;
  /** Called when a mover starts. `abort` has libvirt end its job, and the mover with it; bounded. The VM keeps running here. */
  readonly observe?: (domain: Domain, abort: () => void) => MoveObserver;
}

/** The domain of a guarded run, the connections that are open for it, and the actions so far. */
export class MoveSession {
  /** As of the last inspection. */
  blockState: BlockState = 'unknown';
  /** Shared by the check and the standby. */
  readonly virsh: VirshSession;
  private readonly actions: GuardAction[] = [];

  private constructor(
    readonly domain: Domain,
    readonly options: MoveOptions,
    /** Missing for a save. */
    readonly destination: Destination | undefined,
  ) {
    this.virsh = new VirshSession(options.settings.libvirt.deadline * 1000, true);
  }

  /**
   * Finds the domain, runs `work` with a session of its own, and closes what that has opened. With `connect` the ssh
   * connection to the destination is started first, as it takes longest.
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

  /** A guest that was paused before has to be paused afterwards. */
  get stateBefore(): string {
    return this.domain.state ?? 'running';
  }

  reportAction(action: GuardAction['action'], what: string): void {
    this.actions.push({ action, what });
    this.options.reportAction?.({ action, what });
  }

  report(ending: Ending, attempts?: readonly Attempted[]): GuardReport {
    const { domain, actions, blockState } = this;
    return guardReport({ domain: domain.name, actions, blockState }, ending, attempts);
  }
}
