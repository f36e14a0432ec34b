/** How virsh and ssh are called: the one place that knows. */
export type Argv = readonly [string, ...string[]];

const connection = ['--connect', 'qemu:///system'] as const;

/** On this host, for an admin to read. */
export function virshHere(...args: readonly string[]): Argv {
  return ['virsh', ...connection, ...args];
}

/** On this host, or as another host's command, for us to read. */
export function quietVirsh(...args: readonly string[]): Argv {
  return ['virsh', '--quiet', ...connection, ...args];
}

/** Other hosts are reached with the keys that OpenNebula distributes, which root has not; anyone else can only be itself. */
export function asKeyHolder(user: string, argv: Argv): Argv {
  return process.geteuid?.() === 0 ? ['runuser', '-u', user, '--', ...argv] : argv;
}

export interface SshTarget {
  readonly host: string;
  readonly user: string;
  /** Seconds. */
  readonly connectTimeout: number;
  readonly options?: readonly string[];
}

/** Runs a command on another host; its text goes through a shell there, so it may never depend on anything from outside. */
export function onHost({ host, user, connectTimeout, options = [] }: SshTarget, command: string): Argv {
  const timeout = `ConnectTimeout=${Math.max(1, Math.ceil(connectTimeout))}`;
  const words = ['-o', 'BatchMode=yes', '-o', timeout, ...options, '--', `${user}@${host}`, command];
  return asKeyHolder(user, ['ssh', ...words]);
}
