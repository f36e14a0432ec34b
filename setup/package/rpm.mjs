// Makes an .rpm.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { time, version } from '../build/release.mjs';
import { check, description, install, uninstall } from './package-roles.mjs';
import { layDocumentation, layProgram, settle } from './payload.mjs';

/** @returns the path of the file */
export function makeRpm(role, workshop, packages, architecture, runtime) {
  const top = join(workshop, `${role.name}-rpm`);
  const tree = join(top, 'tree');
  layProgram(join(tree, 'usr/share', role.name), runtime);
  layDocumentation(join(tree, 'usr/share/doc', role.name));
  settle(tree);
  const spec = join(top, 'package.spec');
  writeFileSync(spec, specification(role, tree));
  mkdirSync(join(top, 'db'));
  const macros = Object.entries({ _topdir: top, _dbpath: join(top, 'db'), ...reproducible });
  const defines = macros.flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const { status, stderr } = spawnSync(
    'rpmbuild',
    ['-bb', '--quiet', '--target', `${architecture.rpm}-linux`, ...defines, spec],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`rpmbuild failed:\n${stderr}`);
  const name = `${role.name}-${version}-1.${architecture.rpm}.rpm`;
  cpSync(join(top, 'RPMS', architecture.rpm, name), join(packages, name));
  return join(packages, name);
}

const reproducible = {
  _buildhost: 'localhost',
  use_source_date_epoch_as_buildtime: 1,
  clamp_mtime_to_source_date_epoch: 1,
  // A format that every rpm since EL 7 can read.
  _binary_payload: 'w1.gzdio',
  // Of Node's executable, which this package only copies.
  _build_id_links: 'none',
};

/**
 * The argument of scriptlets is the number of installed versions of this package afterwards: 0 is a removal. A
 * failing %pre ends the installation.
 */
function specification(role, tree) {
  const { name, what, rpm } = role;
  return `
Name: ${name}
Version: ${version}
Release: 1
Summary: guards live migrations of KVM virtual machines (${what})
License: Apache-2.0 AND MIT
AutoReqProv: no
Requires(pre): ${rpm.before}
Requires: ${rpm.requires}
${rpm.suggests === undefined ? '' : `Suggests: ${rpm.suggests}`}
%global __os_install_post %{nil}
%global debug_package %{nil}

%description
${description.replace(/^ /gm, '')}

%install
cp -a ${tree}/. %{buildroot}

%pre -p /bin/bash
set -e
${escaped(check(role))}

%post
set -e
${install(role)}

%preun
set -e
[ "$1" = 0 ] || exit 0
${uninstall(role)}

%files
%defattr(-,root,root)
/usr/share/${name}
/usr/share/doc/${name}
`;
}

/** rpmbuild expands macros everywhere. */
function escaped(text) {
  return text.replaceAll('%', '%%');
}
