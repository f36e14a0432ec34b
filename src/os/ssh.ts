import { asOtherUser, type Argv, type Command } from './isolated';

/**
 * The use of the ssh agent. OpenNebula forwards it for migrations, because hosts may have no keys of their own
 * (ssh_stream.rb, ssh_cmd); root of a host can use it as long as the connection lasts, so no other connection gets it.
 */
type AgentUse = 'none' | 'used' | 'forwarded';

/** The user with the keys that OpenNebula distributes, which root lacks; without root, the user of this process. */
export function asKeyHolder(user: string, argv: Argv, agent: AgentUse): Command {
  const socket = agent === 'none' ? undefined : process.env['SSH_AUTH_SOCK'];
  return asOtherUser(user, argv, socket ? { SSH_AUTH_SOCK: socket } : {});
}

/** As OpenNebula's own connection for a migration (ssh_stream.rb): neither shared with others nor sharing theirs. */
export const ownConnection = ['ControlMaster=no', 'ControlPath=none'] as const;

export interface SshTarget {
  readonly host: string;
  readonly user: string;
  /** In seconds. */
  readonly connectTimeout: number;
  readonly options?: readonly string[];
  /** Default: `none`. */
  readonly agent?: AgentUse;
}

/** Runs a command on another host. A shell there parses it, so it must not contain any text from outside. */
export function onHost(target: SshTarget, command: string): Command {
  const { host, user, connectTimeout, options = [], agent = 'none' } = target;
  const timeout = `ConnectTimeout=${Math.max(1, Math.ceil(connectTimeout))}`;
  // Overrides the site's ssh_config.
  const forwarding = `ForwardAgent=${agent === 'forwarded' ? 'yes' : 'no'}`;
  const all = ['BatchMode=yes', timeout, forwarding, ...options].flatMap((option) => ['-o', option]);
  return asKeyHolder(user, ['ssh', ...all, '--', `${user}@${host}`, command], agent);
}
