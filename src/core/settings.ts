/** The configuration, complete: every key has a value. Times are in seconds. */
export interface Settings {
  readonly libvirt: {
    /** Where libvirt keeps status XML and pid files of running domains. */
    readonly stateDirectory: string;
    /** How long libvirtd may take to answer one question. */
    readonly deadline: number;
  };
  readonly ssh: {
    /** The user by which OpenNebula reaches its hosts. */
    readonly user: string;
    /** How long a host may take to answer one question. */
    readonly deadline: number;
  };
  readonly relink: {
    /** Where the journals are kept; root's own. */
    readonly journalDirectory: string;
  };
}

export const defaultSettings: Settings = {
  libvirt: { stateDirectory: '/run/libvirt/qemu', deadline: 10 },
  ssh: { user: 'oneadmin', deadline: 10 },
  relink: { journalDirectory: '/var/log/migrate-guard' },
};
