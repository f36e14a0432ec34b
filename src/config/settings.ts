import { strategies, type Strategy } from '../core/remedy-name';

/** The configuration, complete: every key has a value. Times are in seconds. */
export interface Settings {
  readonly libvirt: {
    /** Where libvirt keeps status XML and pid files of running domains. */
    readonly stateDirectory: string;
    /** Where libvirt keeps QEMU's logs. */
    readonly logDirectory: string;
    /** How long libvirtd may take to answer one question. */
    readonly deadline: number;
  };
  readonly check: {
    /** Whether QEMU itself is asked to open the paths of its disks. */
    readonly askQemu: boolean;
  };
  readonly ssh: {
    /** The user by which OpenNebula reaches its hosts. */
    readonly user: string;
    /** How long a host may take to answer one question. */
    readonly deadline: number;
  };
  readonly host: {
    /** How long a host may take to decide whether a VM may be moved; after that the guard counts as one that cannot run. */
    readonly deadline: number;
  };
  readonly destination: {
    /** How long a path may be missing, there or on the source, before a move is refused; 0: not at all. */
    readonly wait: number;
  };
  readonly migrate: {
    /** What follows `virsh migrate`. */
    readonly options: readonly string[];
    /** libvirt's URI of the destination; `{host}` is its name. */
    readonly uri: string;
    /** How long the destination may keep its copy of a domain whose migration failed. */
    readonly destinationDeadline: number;
    /** How long a copy may make no progress before libvirt is asked to end it. */
    readonly stallDeadline: number;
  };
  readonly relink: {
    /** The directory of the journals, which belongs to root. */
    readonly journalDirectory: string;
  };
  readonly reset: {
    /** The remedies that may be used, the least invasive first. */
    readonly strategies: readonly Strategy[];
    /** The directory of the memory layouts of QEMU builds, which belongs to root. */
    readonly layoutDirectory: string;
    /** How long gdb may stay attached. */
    readonly gdbDeadline: number;
  };
  readonly opennebula: {
    /**
     * The driver script that really migrates, or saves: one of `vmm/kvm` on the source host, or, as
     * `frontend:NAME`, one that runs on the front-end.
     */
    readonly migrate: string;
    readonly save: string;
    /** Whether a VM's USER_TEMPLATE has what was done for it last. */
    readonly userTemplate: boolean;
  };
  readonly policy: {
    /** What OpenNebula's drivers do when the guard cannot run at all. */
    readonly whenGuardFails: (typeof guardFailurePolicies)[number];
  };
  readonly watch: {
    /** Whether the watcher repairs what can be repaired, or only reports it. */
    readonly repair: boolean;
    /** In which time the watcher looks at every VM once, also if nothing has changed. */
    readonly interval: number;
  };
  readonly hooks: {
    /** Whether the hook after a failure tries the live migration once more. */
    readonly retry: boolean;
  };
}

export const guardFailurePolicies = ['run-mover', 'refuse'] as const;

export const defaultSettings: Settings = {
  libvirt: { stateDirectory: '/run/libvirt/qemu', logDirectory: '/var/log/libvirt/qemu', deadline: 10 },
  check: { askQemu: true },
  ssh: { user: 'oneadmin', deadline: 10 },
  host: { deadline: 60 },
  destination: { wait: 5 },
  migrate: {
    options: ['--live'],
    uri: 'qemu+ssh://{host}/system',
    destinationDeadline: 15,
    stallDeadline: 60,
  },
  relink: { journalDirectory: '/var/log/migrate-guard' },
  reset: { strategies, layoutDirectory: '/var/lib/migrate-guard/layouts', gdbDeadline: 5 },
  opennebula: { migrate: 'migrate', save: 'save', userTemplate: true },
  policy: { whenGuardFails: 'run-mover' },
  hooks: { retry: false },
  watch: { repair: true, interval: 600 },
};
