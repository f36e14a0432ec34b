import { readFileSync } from 'node:fs';

/**
 * The socket of the ssh agent that OpenNebula forwards for migrations, because hosts may have no keys of their own.
 * sudo drops the environment, but its own process still has the one that it was started with. Only ssh uses the path,
 * and ssh runs as OpenNebula's user again.
 */
export function forwardedAgent(): string | undefined {
  try {
    const environment = readFileSync(`/proc/${process.ppid}/environ`, 'utf8').split('\0');
    const socket = environment.find((entry) => entry.startsWith('SSH_AUTH_SOCK='))?.slice(14);
    return socket !== undefined && /^\/[\w./@:+-]+$/.test(socket) ? socket : undefined;
  } catch {
    return undefined;
  }
}
