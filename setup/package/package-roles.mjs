// What a package of each half is called, needs, and does. Both kinds of package only carry install.sh with what it
// installs, and call it: so there is one way of installing, that looks for the machine's own Node, writes into
// OpenNebula's tree as OpenNebula's user, keeps an edited configuration and a list of all it made. A package that owned
// the installed files itself would have to fix all that when it is built, and two of them would fight over what both
// halves share.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../build/release.mjs';

/**
 * Node is only recommended, and virsh not named: many sites have them from elsewhere than a package. install.sh looks for
 * both, and for the rest before it is unpacked: so that has to be there by then.
 */
export const halves = [
  {
    half: 'host',
    what: 'agent, for each KVM host',
    deb: { preDepends: 'acl, bash, openssh-client, sudo', suggests: 'gdb' },
    rpm: {
      before: 'acl, bash, openssh-clients, sudo, util-linux',
      requires: 'acl, openssh-clients, util-linux',
      suggests: 'gdb',
    },
  },
  {
    half: 'frontend',
    what: 'front-end half, for the OpenNebula front-end',
    deb: { preDepends: 'bash', depends: 'openssh-client' },
    rpm: { before: 'bash', requires: 'openssh-clients, util-linux' },
  },
].map((described) => ({ ...described, name: `migrate-guard-${described.half}` }));

export const description =
  "Keeps live migrations of OpenNebula/KVM virtual machines from failing, and from\n killing them, when disk paths changed behind QEMU's back.";

const installSh = readFileSync(join(root, 'install.sh'), 'utf8');

/**
 * For bash, before anything is unpacked: nothing is half installed where something is missing or in the way. Of the
 * scripts for OpenNebula's tree it brings the names, as empty files: install.sh looks where they are to go.
 */
export function check({ half }) {
  const scripts = half === 'frontend' ? namesBelow('remotes') : [];
  return `place=$(mktemp -d)
trap 'rm -rf -- "$place"' EXIT
cd "$place"
${scripts.map((path) => `install -D /dev/null ${path}\n`).join('')}bash -c "$(cat <<'INSTALL_SH'\n${installSh}INSTALL_SH\n)" install.sh ${half} --check\n`;
}

function namesBelow(directory) {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .sort();
}

export function install({ half, name }) {
  return `/usr/share/${name}/install.sh ${half}\n`;
}

export function uninstall({ half, name }) {
  return `/usr/share/${name}/install.sh uninstall ${half}\n`;
}
