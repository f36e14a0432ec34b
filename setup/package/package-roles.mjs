// The packages of the front-end and of hosts: names, dependencies and scripts. A package only contains install.sh with the
// files that it installs, Node included, and runs it. So there is one method of installation, which writes into OpenNebula's
// tree as OpenNebula's user, and keeps an edited configuration and a list of all that it installed. A package that owned the
// installed files itself would have to decide all that when it is built, and two packages cannot own the files that both
// roles share.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../build/release.mjs';

/**
 * Needed by Node's own build of version 24, which the packages contain. For RPM the names of the libraries: those of the
 * packages differ between RHEL and SUSE.
 */
const libraries = {
  deb: 'libc6 (>= 2.28), libstdc++6',
  rpm: 'libc.so.6(GLIBC_2.28)(64bit), libstdc++.so.6()(64bit)',
};

/**
 * virsh is not named: many sites do not have it from a package. install.sh searches for it and for the other programs,
 * before the package is unpacked: so those are needed before.
 */
export const roles = [
  {
    role: 'host',
    what: 'agent, for each KVM host',
    deb: { preDepends: 'acl, bash, openssh-client, sudo', depends: libraries.deb, suggests: 'gdb' },
    rpm: {
      before: 'acl, bash, openssh-clients, sudo, util-linux',
      requires: `acl, openssh-clients, util-linux, ${libraries.rpm}`,
      suggests: 'gdb',
    },
  },
  {
    role: 'frontend',
    what: 'plugin, for the OpenNebula front-end',
    deb: { preDepends: 'bash', depends: `openssh-client, ${libraries.deb}` },
    rpm: { before: 'bash', requires: `openssh-clients, util-linux, ${libraries.rpm}` },
  },
].map((described) => ({ ...described, name: `migrate-guard-${described.role}` }));

export const description =
  "Keeps live migrations of OpenNebula/KVM virtual machines from failing, and from\n killing them, when disk paths changed behind QEMU's back.";

const installSh = readFileSync(join(root, 'install.sh'), 'utf8');

/**
 * For bash, before anything is unpacked: nothing is changed if something is missing or in the way. It contains the names
 * of the scripts for OpenNebula's tree, and of Node, as empty files: install.sh checks whether they can be installed.
 */
export function check({ role }) {
  const scripts = ['standalone', ...(role === 'frontend' ? namesBelow('remotes') : [])];
  return `place=$(mktemp -d)
trap 'rm -rf -- "$place"' EXIT
cd "$place"
${scripts.map((path) => `install -D /dev/null ${path}\n`).join('')}bash -c "$(cat <<'INSTALL_SH'\n${installSh}INSTALL_SH\n)" install.sh ${role} --check\n`;
}

function namesBelow(directory) {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .sort();
}

export function install({ role, name }) {
  return `/usr/share/${name}/install.sh ${role}\n`;
}

export function uninstall({ role, name }) {
  return `/usr/share/${name}/install.sh uninstall ${role}\n`;
}
