import { asOtherUser, type Argv, type Command } from './isolated';

/** How virsh and ssh are called: the one place that knows. */

const connection = ['--connect', 'qemu:///system'] as const;

/** On this host, for an admin to read. */
export function virshHere(...args: readonly string[]): Argv {
  return ['virsh', ...connection, ...args];
}

/** On this host, or as another host's command, for us to read. */
export function quietVirsh(...args: readonly string[]): Argv {
  return ['virsh', '--quiet', ...connection, ...args];
}

/**
 * What the ssh agent is for. OpenNebula forwards it for migrations, because hosts may have no keys of their own
 * (ssh_stream.rb, ssh_cmd); whoever is root on a host can use it as long as the connection lasts, so nothing else gets it.
 */
export type AgentUse = 'none' | 'used' | 'forwarded';

/** Other hosts are reached with the keys that OpenNebula distributes, which root has not; anyone else can only be itself. */
export function asKeyHolder(user: string, argv: Argv, agent: AgentUse): Command {
  const socket = agent === 'none' ? undefined : process.env['SSH_AUTH_SOCK'];
  return asOtherUser(user, argv, socket ? { SSH_AUTH_SOCK: socket } : {});
}

/** As OpenNebula's own connection for a migration (ssh_stream.rb): it is nobody else's, and nobody else's is this. */
export const ownConnection = ['ControlMaster=no', 'ControlPath=none'] as const;

export interface SshTarget {
  readonly host: string;
  readonly user: string;
  /** Seconds. */
  readonly connectTimeout: number;
  readonly options?: readonly string[];
  /** `none`, when nothing is said. */
  readonly agent?: AgentUse;
}

/** Runs a command on another host; its text goes through a shell there, so it may never depend on anything from outside. */
export function onHost(target: SshTarget, command: string): Command {
  const { host, user, connectTimeout, options = [], agent = 'none' } = target;
  const timeout = `ConnectTimeout=${Math.max(1, Math.ceil(connectTimeout))}`;
  // Whatever ssh_config of the site says.
  const forwarding = `ForwardAgent=${agent === 'forwarded' ? 'yes' : 'no'}`;
  const all = ['BatchMode=yes', timeout, forwarding, ...options].flatMap((option) => ['-o', option]);
  return asKeyHolder(user, ['ssh', ...all, '--', `${user}@${host}`, command], agent);
}
