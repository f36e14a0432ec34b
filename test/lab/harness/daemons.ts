import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { Host } from './lab-host';
import { until } from './until';

export type Daemon = 'libvirtd' | 'virtlogd' | 'sshd';

const START: Record<Daemon, (host: Host) => readonly [string, ...string[]]> = {
  libvirtd: (host) => [ownCopy(host, 'libvirtd'), '--daemon'],
  virtlogd: (host) => [ownCopy(host, 'virtlogd'), '--daemon'],
  sshd: () => ['/usr/sbin/sshd'],
};

/** Returns when it serves. */
export async function startDaemon(host: Host, daemon: Daemon): Promise<void> {
  await host.succeed(START[daemon](host));
  await until(() => daemonPid(host, daemon), { what: `${daemon} on ${host.name} writes its pid file` });
}

/** Returns when the process is gone. Its children live on: QEMUs, and ssh connections that are established. */
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

/** As the host counts; `undefined` when it does not run. A daemon that was killed leaves its pid file behind. */
function daemonPid(host: Host, daemon: Daemon): number | undefined {
  try {
    const pid = Number(readFileSync(host.path(`/run/${daemon}.pid`), 'utf8'));
    return host.read(`/proc/${pid}/comm`).trim() === daemon ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Started from another place than Debian's, lest AppArmor profiles for that one apply: they do not foresee a lab. */
function ownCopy(host: Host, daemon: Daemon): string {
  const copy = `/run/migrate-guard-lab/sbin/${daemon}`;
  if (existsSync(host.path(copy))) return copy;
  mkdirSync(host.path('/run/migrate-guard-lab/sbin'), { recursive: true });
  copyFileSync(host.path(`/usr/sbin/${daemon}`), host.path(copy));
  chmodSync(host.path(copy), 0o755);
  return copy;
}
