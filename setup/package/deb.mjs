// Makes a .deb, for dpkg.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { time, version } from '../build/release.mjs';
import { check, description, install, uninstall } from './package-roles.mjs';
import { layDocumentation, layProgram, settle } from './payload.mjs';

/** @returns the path of the file */
export function makeDeb(role, workshop, packages, architecture, runtime) {
  const tree = join(workshop, `${role.name}-deb`);
  layProgram(join(tree, 'usr/share', role.name), runtime);
  layDocumentation(join(tree, 'usr/share/doc', role.name));
  settle(tree);
  const about = join(tree, 'DEBIAN');
  mkdirSync(about);
  writeFileSync(join(about, 'control'), control(role, architecture));
  for (const [name, text] of Object.entries(scripts(role)))
    writeFileSync(join(about, name), text, { mode: 0o755 });
  const file = join(packages, `${role.name}_${version}_${architecture.deb}.deb`);
  // More effort would take a minute for Node, to save a fifth of the size.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function control({ name, what, deb }, architecture) {
  const fields = {
    Package: name,
    Version: version,
    Architecture: architecture.deb,
    Maintainer: 'migrate-guard maintainers <maintainers@migrate-guard.invalid>',
    Section: 'admin',
    Priority: 'optional',
    'Pre-Depends': deb.preDepends,
    Depends: deb.depends,
    Suggests: deb.suggests,
    Description: `guards live migrations of KVM virtual machines (${what})\n ${description}`,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('');
}

/**
 * An upgrade removes nothing: the new release replaces what the old one has installed. See deb-postinst(5) and the
 * others.
 */
function scripts(role) {
  return {
    preinst: `#!/bin/bash\nset -e\n[[ $1 != abort-upgrade ]] || exit 0\n${check(role)}`,
    postinst: `#!/bin/sh\nset -e\n${install(role)}`,
    prerm: `#!/bin/sh\nset -e\n[ "$1" = remove ] || exit 0\n${uninstall(role)}`,
    postrm: `#!/bin/sh
set -e
# A purge removes what the admin changed or created, too, unless the other package is installed.
[ "$1" = purge ] && [ ! -e /var/lib/migrate-guard/manifest ] || exit 0
rm -rf /etc/migrate-guard /var/lib/migrate-guard /var/log/migrate-guard /run/migrate-guard
`,
  };
}
