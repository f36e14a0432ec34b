import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { Host } from './lab-host';
import { until } from './until';

export type Daemon = 'libvirtd' | 'virtlogd' | 'sshd';

const START: Record<Daemon, (host: Host) => readonly [string, ...string[]]> = {
  libvirtd: (host) => [ownCopy(host, 'libvirtd'), '--daemon'],
  virtlogd: (host) => [ownCopy(host, 'virtlogd'), '--daemon'],
  sshd: () => ['/usr/sbin/sshd'],
};

/** Returns as soon as the daemon accepts connections. */
export async function startDaemon(host: Host, daemon: Daemon): Promise<void> {
  await host.succeed(START[daemon](host));
  await until(() => daemonPid(host, daemon), { what: `${daemon} on ${host.name} writes its pid file` });
}

/** Returns when the process is gone. Its children continue to run: QEMUs, and established ssh connections. */
export async function stopDaemon(
  host: Host,
  daemon: Daemon,
  signal: 'TERM' | 'KILL' = 'KILL',
): Promise<void> {
  const pid = daemonPid(host, daemon);
  if (pid === undefined) throw new Error(`${daemon} does not run on ${host.name}`);
  await host.succeed(['kill', `-${signal}`, String(pid)]);
  await until(() => daemonPid(host, daemon) === undefined, {
    what: `${daemon} on ${host.name} ends by SIG${signal}`,
  });
}

/** The pid on the host; `undefined` if it does not run. A killed daemon leaves its pid file behind. */
function daemonPid(host: Host, daemon: Daemon): number | undefined {
  try {
    const pid = Number(readFileSync(host.path(`/run/${daemon}.pid`), 'utf8'));
    return host.read(`/proc/${pid}/comm`).trim() === daemon ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Copies the daemon, so that AppArmor profiles for Debian's path do not apply: they do not allow for a lab. */
function ownCopy(host: Host, daemon: Daemon): string {
  const copy = `/run/migrate-guard-lab/sbin/${daemon}`;
  if (existsSync(host.path(copy))) return copy;
  mkdirSync(host.path('/run/migrate-guard-lab/sbin'), { recursive: true });
  copyFileSync(host.path(`/usr/sbin/${daemon}`), host.path(copy));
  chmodSync(host.path(copy), 0o755);
  return copy;
}
