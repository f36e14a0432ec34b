import type { MessageRow } from './message';

/** Checks of an installation (src/doctor). */
export const doctor = {
  'oned-uses-drivers': { text: 'the running oned uses {drivers} (VM_MAD {names})' },
  'oned-not-restarted': {
    text: 'oned was not restarted after {file} was changed: it does not use {drivers} yet (VM_MAD {names})',
    cause: 'oned reads oned.conf only when it starts; the arguments of the drivers that run are others',
    remedy: 'while no VM is being moved: systemctl restart opennebula',
  },
  'oned-not-running': {
    text: 'oned does not run here; it uses {drivers}, as {file} says, once it is started',
  },
  'oned-without-driver': {
    text: 'oned runs, but none of its processes is a VMM driver (one_vmm_exec.rb)',
    cause: 'a VM_MAD with another EXECUTABLE, or a driver that could not be started',
    remedy: 'see /var/log/one/oned.log: lines with DrM or VMM',
  },
  'processes-not-seen': { text: 'the processes of other users cannot be seen: {path}: {why}' },
  'gdb-not-installed': {
    text: 'gdb is not installed: migrate-guard layout and the remedy gdb cannot be used here',
    remedy: 'install the package gdb, or remove gdb from reset.strategies in the configuration',
  },
  'gdb-does-not-run': {
    text: 'gdb --version ended with {exit}',
    remedy: 'install the package gdb again, or remove gdb from reset.strategies in the configuration',
  },
  'layout-stored': { text: 'the memory layout of {exe} is in {file}' },
  'layout-not-stored': {
    text: 'the memory layout of {exe} is not known ({file} is missing): the remedies memory and gdb cannot be used',
    cause: 'migrate-guard layout has not been run for this build of QEMU',
    remedy: 'migrate-guard layout {program}, or remove memory and gdb from reset.strategies',
  },
  'layout-not-read': {
    text: 'the memory layout of {exe} cannot be used: {why}',
    remedy: 'migrate-guard layout {program}, or remove memory and gdb from reset.strategies',
  },
  'build-not-determined': { text: 'the build of {exe} cannot be determined: {why}' },
  'fallback-current': { text: '{path} is what {config} says, for scripts without Node' },
  'fallback-written': { text: '{path} was written again, because {config} was changed' },
  'fallback-missing': {
    text: '{path} is missing: without Node nothing is moved',
    remedy: 'run migrate-guard doctor as root, here',
  },
  'fallback-old': {
    text: '{path} is not what {config} says: without Node nothing is moved',
    cause: 'the configuration was changed, and doctor has not run since',
    remedy: 'run migrate-guard doctor as root, here',
  },
  'mover-is-guard': {
    text: 'opennebula.{action} names {mover}, which is the guard itself',
    remedy: 'name the script that really moves, in /etc/migrate-guard/config.yaml',
  },
  'mover-missing': {
    text: 'opennebula.{action} names {mover}, and {path} is not there',
    remedy: 'name the script that really moves, in /etc/migrate-guard/config.yaml',
  },
  movers: { text: 'the movers are {migrate} and {save}' },
  'guards-ran': { text: 'the record names no guard that could not run lately' },
  'look-at-record': { text: 'ls -ld {path}; run this as root or oneadmin' },
  'reading-needs-root': { text: 'only root can read files as another user', remedy: 'run as root' },
  'own-file-not-opened': { text: 'it could not open a file of its own user' },
  'root-file-opened': { text: 'it can open a file that only root may open' },
  'reads-as-other': { text: 'files can be read as another user (Node {version})' },
  'not-read-as-other': {
    text: 'files cannot be read as another user, so no VM can be checked: {why}',
    remedy: 'install the package util-linux (setpriv), and run Node by hand',
  },
  'doctor-install-again': { text: 'install again' },
  'doctor-file-not-read': { text: '{path} cannot be read: {why}' },
  'not-installed': {
    text: 'migrate-guard was not installed here by install.sh: {path} is missing',
    remedy: 'install.sh frontend, or install.sh host',
  },
  'files-unchanged': { text: 'all {count} files and directories of {roles} are as they were installed' },
  'host-state': { text: '{troubles} findings that are not ok' },
  node: { text: 'Node {version} ({path})' },
  gdb: { text: '{version}' },
  'libvirt-version': { text: 'libvirt {version}' },
  'libvirt-silent': {
    text: 'libvirt’s daemon (libvirtd or virtqemud) does not answer; `check` without `--deep` does not need it',
  },
  'sudo-version': { text: '{version}' },
  'watcher-runs': { text: '{count} VMs are watched by process {pid}; repaired since its start: {repaired}' },
  'watcher-off': {
    text: 'this host is not watched: {unit} is not enabled (the default); it repairs disk paths and gives QEMU its disks back',
    remedy: 'systemctl enable --now {unit}',
  },
  'watcher-enabled-not-running': {
    text: 'this host is not watched, although {unit} is enabled',
    cause: 'it was stopped or killed, or it could not start',
    remedy: 'see systemctl status {unit}',
  },
  'watcher-other-version': {
    text: 'the watcher, process {pid}, is {theirs}, and the program here is {ours}',
    cause: 'the program was replaced, and the watcher was not restarted',
    remedy: 'systemctl restart migrate-guard-watch',
  },
  'watcher-without-libvirt': {
    text: "the watcher does not notice which VMs run: libvirt's directory of running domains is not there, or cannot be watched",
    cause:
      'libvirt has not been started since this host was, it has another directory, or fs.inotify.max_user_watches is used up',
    remedy: 'start libvirt; or set libvirt.state_directory, and systemctl restart migrate-guard-watch',
  },
  'watcher-without-mounts': {
    text: 'the watcher does not notice changes of mounts at once: findmnt does not run',
    remedy: 'install the package util-linux, and see journalctl -u migrate-guard-watch',
  },
  'watcher-without-logs': {
    text: "the watcher does not notice failed hand-overs at once: the directory of QEMU's logs is not there, or cannot be watched",
    cause:
      'no VM was started here yet, libvirt.log_directory names another directory, or fs.inotify.max_user_watches is used up',
    remedy: 'set libvirt.log_directory, and systemctl restart migrate-guard-watch',
  },
  'qemu-not-affected': {
    text: 'VMs on it: {count} (QEMU {version}, build {build}); a failed migration does not leave it without its disks',
  },
  'qemu-affected': {
    text: 'VMs on it: {count} (QEMU {version}, build {build}); it loses its disks when a migration fails: {names}',
    short: 'a migration that fails takes the disks of this QEMU',
    cause:
      'one of these VMs was left so: QEMU before 7.2.3, or 8.0.0, unless the distribution has added the fix',
    remedy: 'upgrade QEMU, then power these VMs off and on when it suits',
  },
  'qemu-perhaps-affected': {
    text: 'VMs on it: {count} (QEMU {version}, build {build}); whether it loses its disks when a migration fails is not known: {names}',
    short: 'whether a failed migration takes its disks is not known',
    cause:
      'a version that may have the fault (before 7.2.3, and 8.0.0; distributions add the fix), or one that could not be read: the log of these VMs does not reach back to their start',
    remedy: 'see whether the changelog of the package names QEMU 7.2.3, or “disk reactivation”',
  },
  'qemu-not-read': {
    text: 'the QEMU of {domain} cannot be examined: {why}',
    remedy: 'virsh domstate {domain}',
  },
  'run-on-host': { text: 'run on a host with libvirt' },
  'own-dev': { text: 'libvirt gives each QEMU a /dev of its own (the default)' },
  'hosts-dev': {
    text: "{path} sets namespaces = [{names}]: a QEMU that starts now has the host's /dev, and needs no repair",
  },
  'rename-host': { text: 'rename that host' },
  'install-host': { text: 'run install.sh host of this release ({version}) on {host}' },
  'agent-not-running': { text: 'the agent does not run: {why}' },
  'agent-release': { text: 'the agent is {version}' },
  'agent-build': { text: 'the agent is {version}, but not the same build as here' },
  'sync-host': { text: 'as oneadmin: onehost sync -f {host}' },
  'scripts-not-read': { text: '{path}: {why}' },
  'scripts-old': { text: '{count} scripts in {path} are missing or differ from those of the front-end' },
  'scripts-current': { text: 'the scripts in {path} are those of the front-end' },
  'run-on-front-end': { text: 'run on the front-end' },
  'no-callers': { text: 'no datastore driver calls migrate-guard' },
  callers: { text: '{names}: both scripts call migrate-guard' },
  'script-without-call': {
    text: 'tm/{driver}/{script} does not call migrate-guard, but {other} beside it does',
    cause: 'an upgrade of OpenNebula has replaced it',
    remedy: 'put the lines of docs/opennebula.md (The TM scripts) into it',
  },
  'driver-without-call': {
    text: 'tm/{name} does not call migrate-guard, as {others} does, and moves {count} of the running VMs',
    cause: 'an upgrade of OpenNebula has replaced its scripts, or the datastore is new',
    remedy: 'put the lines of docs/opennebula.md (The TM scripts) into it',
  },
  'unguarded-not-known': {
    text: 'which datastore drivers move VMs without migrate-guard cannot be determined: {why}',
    remedy: 'run onevm list as oneadmin',
  },
  'doctor-run-as-root': { text: 'run as root' },
  'doctor-host-not-asked': {
    text: '{host} cannot be asked: {why}',
    cause: 'ssh, sudo or the agent of that host does not work',
    remedy: 'as {user}: ssh {host}',
  },
  'doctor-hosts-not-listed': {
    text: 'the hosts cannot be listed: {why}',
    remedy: 'run onehost list as oneadmin, or migrate-guard doctor --host HOST',
  },
  'vm-mad-selects': { text: 'VM_MAD selects {drivers}' },
  'vm-mad-not-usable': { text: '{file}: {reason}', remedy: 'see docs/opennebula.md' },
  'vm-mad-without-drivers': {
    text: 'VM_MAD in {file} does not select {drivers}',
    cause:
      'neither drivers, hooks nor TM scripts guard the VMs; an upgrade of OpenNebula takes lines out of tm/',
    remedy:
      'install.sh frontend --set-vm-mad, or set ARGUMENTS = "{args}"; then restart opennebula; or see docs/opennebula.md for hooks and TM scripts',
  },
  'vm-mad-set-back': {
    text: 'VM_MAD in {file} does not select {drivers}, as install.sh had set it',
    cause: 'oned.conf was changed or replaced after install.sh frontend --set-vm-mad',
    remedy:
      'install.sh frontend --set-vm-mad, then restart opennebula; if the drivers are no longer wanted, remove {backup}',
  },
  'vm-mad-not-needed': { text: 'VM_MAD in {file} does not select {drivers}; {reason} instead' },
  'hooks-instead': { text: 'the hooks are registered' },
  'stock-script-instead': { text: 'its copy stands in the place of vmm/kvm/migrate' },
  'tm-driver-instead': { text: '{name} calls it' },
  'tm-drivers-instead': { text: '{names} call it' },
  'other-vm-mad-without-drivers': {
    text: 'VM_MAD "{driver}" in {file} does not select the drivers of migrate-guard, and moves the VMs of {hosts}',
    remedy: 'set its ARGUMENTS = "{args}", and restart opennebula',
  },
  'hooks-not-listed': {
    text: 'the hooks cannot be listed: {why}',
    remedy: 'run onehook list as oneadmin',
  },
  'hooks-registered': { text: 'both hooks are registered' },
  'hooks-not-registered': { text: 'no hook is registered' },
  'one-hook-only': {
    text: 'the hook {hook} is not registered, but the other one is',
    remedy: 'onehook create /usr/lib/migrate-guard/hooks/{hook}.tmpl',
  },
  'hooks-not-asked': { text: 'not asked' },
  'sudo-needs-root': { text: 'only root can ask what {user} may do', remedy: 'run as root' },
  'sudo-allows': { text: 'sudo lets {user} run {command}' },
  'sudo-allows-without-terminal': { text: 'sudo lets {user} run {command}, without a terminal' },
  'sudo-not-installed': { text: 'sudo is not installed', remedy: 'install the package sudo' },
  'sudo-refuses': {
    text: 'sudo does not let {user} run {command}: {why}',
    remedy: 'install.sh host; /etc/sudoers needs the line: @includedir /etc/sudoers.d',
  },
  'sudo-refuses-silently': {
    text: 'sudo does not let {user} run {command}',
    remedy: 'install.sh host; /etc/sudoers needs the line: @includedir /etc/sudoers.d',
  },
  'sudo-wants-terminal': {
    text: 'sudo wants a terminal (requiretty), which OpenNebula’s drivers do not have',
    remedy: 'add to a file of your own in /etc/sudoers.d: Defaults!{program} !requiretty',
  },
  'oned-conf-not-usable': {
    text: '{file}: {reason}',
    remedy: 'edit oned.conf by hand; see docs/opennebula.md',
  },
  'run-on-front-end-as-root': { text: 'run it on the front-end, as root' },
  'backup-not-regular': {
    text: '{path} is in the way: it is not a regular file',
    remedy: 'move it away',
  },
  'vm-mad-set-by-hand': {
    text: '{file} selects migrate-guard, and was not set by install.sh as it is now',
    cause: 'ARGUMENTS of a VM_MAD was set by hand, or changed after install.sh had set it',
    remedy: '{orders}, restart opennebula, and run this again',
  },
  'set-vm-mad-arguments': { text: 'set ARGUMENTS = "{args}" in the VM_MAD named "{driver}"' },
  'tm-drivers-not-read': { text: 'the datastore drivers in {directory} cannot be read: {why}' },
  'manifest-malformed': { text: 'line {line} of the manifest is malformed' },
  'install-common-again': { text: 'install.sh frontend, or install.sh host' },
  'install-frontend-again': { text: 'install.sh frontend' },
  'install-host-again': { text: 'install.sh host' },
  'move-away-and-install': { text: 'move it away; {again}' },
  'look-at-path': { text: 'ls -ld {path}' },
  'set-owner': { text: 'chown {owner} {path}' },
  'set-mode': { text: 'chmod {mode} {path}' },
  'installed-not-examined': { text: '{path} cannot be examined: {why}' },
  'installed-missing': { text: '{path} is missing' },
  'installed-not-a-file': { text: '{path} is no longer a regular file' },
  'installed-not-a-directory': { text: '{path} is no longer a directory' },
  'installed-owner': { text: '{path} belongs to {now} instead of {owner}' },
  'installed-mode': { text: '{path} has mode {now} instead of {mode}' },
  'installed-changed': { text: '{path} is not as it was installed' },
  'probe-switched-off': { text: '{path} is switched off' },
} as const satisfies Readonly<Record<string, MessageRow>>;
