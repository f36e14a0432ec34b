import { chmodSync, chownSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Host, Lab } from '../harness';
import { onedConf, stockScripts } from './stock-opennebula';

const project = join(__dirname, '../../..');
const oneadmin = 9869;
const remotes = '/var/lib/one/remotes';

/**
 * The front-end gets OpenNebula's files and migrate-guard; each host gets migrate-guard and, by `onehost sync`, the
 * scripts.
 */
export async function installInLab(lab: Lab): Promise<void> {
  await Promise.all(lab.hosts.map((host) => prepare(host)));
  await sync(lab);
}

/** Installs as an admin does; this also restores what a test removed. */
export async function install(host: Host): Promise<void> {
  await host.run(['mv', '/usr/bin/node.away', '/usr/bin/node']);
  await host.succeed([join(project, 'install.sh'), isFront(host) ? 'frontend' : 'host']);
}

/** Installs a script of the site below remotes/, on the front-end and, as after `onehost sync`, on the hosts. */
export function putScript(lab: Lab, path: string, text: string): void {
  for (const host of lab.hosts) {
    put(host, join(isFront(host) ? remotes : '/var/tmp/one', path), text, 0o755, oneadmin);
  }
}

/** Replaces a file on a host; a link of that name is replaced, not followed. */
export function put(host: Host, path: string, text: string, mode: number, owner = 0): void {
  const file = host.path(path);
  mkdirSync(dirname(file), { recursive: true });
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode, encoding: 'latin1' });
  chmodSync(file, mode);
  chownSync(file, owner, owner);
}

const isFront = ({ name }: Host): boolean => name === 'front';

async function prepare(host: Host): Promise<void> {
  // An overlay makes /usr private to this host, because migrate-guard is installed below it.
  const layers = '/run/migrate-guard-lab/usr';
  await host.succeed(['mkdir', '-p', `${layers}/upper`, `${layers}/work`]);
  const overlay = `lowerdir=/usr,upperdir=${layers}/upper,workdir=${layers}/work`;
  await host.succeed(['mount', '-t', 'overlay', '-o', overlay, 'overlay', '/usr']);
  if (isFront(host)) {
    for (const [name, text] of Object.entries(stockScripts)) {
      put(host, `${remotes}/vmm/kvm/${name}`, text, 0o755, oneadmin);
    }
    put(host, `${remotes}/VERSION`, '7.0.0\n', 0o644, oneadmin);
    put(host, '/etc/one/oned.conf', onedConf, 0o640);
    await host.succeed(['chown', '-R', 'oneadmin:oneadmin', remotes]);
  }
  await install(host);
  put(host, '/etc/migrate-guard/config.yaml', '{}\n', 0o644);
}

/** Does what `onehost sync` does: the hosts get the front-end's remotes/, and nothing else remains there. */
async function sync({ hosts }: Lab): Promise<void> {
  const front = hosts.find(isFront);
  for (const host of hosts.filter((other) => other !== front)) {
    rmSync(host.path('/var/tmp/one'), { recursive: true, force: true });
    cpSync(front?.path(remotes) ?? '', host.path('/var/tmp/one'), { recursive: true });
    await host.succeed(['chown', '-R', 'oneadmin:oneadmin', '/var/tmp/one']);
  }
}
