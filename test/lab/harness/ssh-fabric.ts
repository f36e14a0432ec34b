import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { startDaemon } from './daemons';
import type { Fabric } from './fabric';
import type { Host } from './lab-host';

const SSHD_CONFIG = `HostKey /etc/ssh/host_key
PidFile /run/sshd.pid
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
UseDNS no
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp
`;

// ssh never prompts and never learns a key: every host's key is known beforehand.
const SSH_CONFIG = `Host *
  BatchMode yes
  StrictHostKeyChecking yes
  UserKnownHostsFile /dev/null
  UpdateHostKeys no
  ConnectTimeout 10
`;

/** Connects the host to its lab: cable, names, keys, an sshd. `oneadmin` can log in from every host to every host. */
export async function joinFabric(host: Host, fabric: Fabric): Promise<void> {
  const hosts = fabric.names.map((name) => `${fabric.addressOf(name)} ${name}\n`).join('');
  replace(host, '/etc/hosts', `127.0.0.1 localhost\n${hosts}`);
  replace(host, '/etc/resolv.conf', '# no name servers here\n');
  moveRootsHome(host);

  // All files are new, because the real machine's sshd may be configured in any form.
  const known = fabric.names.map((name) => `${name},${fabric.addressOf(name)} ${fabric.publicKey(name)}`);
  rmSync(host.path('/etc/ssh'), { recursive: true });
  mkdirSync(host.path('/etc/ssh'));
  replace(host, '/etc/ssh/ssh_known_hosts', known.join(''));
  replace(host, '/etc/ssh/ssh_config', SSH_CONFIG);
  replace(host, '/etc/ssh/sshd_config', SSHD_CONFIG);
  replace(host, '/etc/ssh/host_key', fabric.privateKey(host.name), 0o600);
  for (const [home, uid] of [
    ['/var/lib/one', 9869],
    [ROOTS_HOME, 0],
  ] as const) {
    addKey(host, fabric, home, uid);
  }
  replace(host, '/var/lib/one/.ssh/authorized_keys', fabric.publicKey('oneadmin'), 0o600, 9869);

  await fabric.plug(host);
  mkdirSync(host.path('/run/sshd'), { mode: 0o755 });
  await startDaemon(host, 'sshd');
}

/** {@link Host.run} uses the same home. */
const ROOTS_HOME = '/run/migrate-guard-lab';

/**
 * ssh reads the home from the account, not from the environment, and the lab must not use the real machine's `/root`.
 */
function moveRootsHome(host: Host): void {
  const moved = host.read('/etc/passwd').replace(/^(root:(?:[^:]*:){4})[^:]*/m, `$1${ROOTS_HOME}`);
  replace(host, '/etc/passwd', moved);
}

/** The key of `oneadmin`; root gets it as well, for `ssh oneadmin@…`. */
function addKey(host: Host, fabric: Fabric, home: string, uid: number): void {
  mkdirSync(host.path(`${home}/.ssh`), { mode: 0o700 });
  chownSync(host.path(`${home}/.ssh`), uid, uid);
  replace(host, `${home}/.ssh/id_ed25519`, fabric.privateKey('oneadmin'), 0o600, uid);
}

/** Never writes through an existing entry: an absolute symlink would lead to the real machine's file. */
function replace(host: Host, path: string, text: string, mode = 0o644, uid = 0): void {
  rmSync(host.path(path), { force: true });
  writeFileSync(host.path(path), text, { mode });
  chownSync(host.path(path), uid, uid);
}
