/** What replaces OpenNebula's commands and systemd, which does not run in a namespace. */

/** VMs, one a line as `onevm list` prints them: ID,STAT. */
export const vmsFile = '/var/lib/one/vms.csv';
/** The orders that systemctl got. */
export const ordersFile = '/var/lib/one/orders';
/** Registered hooks, one a line: ID,NAME,COMMAND. */
export const hooksFile = '/var/lib/one/hooks';
/** What `onehost list -x` prints. */
export const hostsFile = '/var/lib/one/hosts.xml';

export const onevm = `#!/bin/sh
[ "$*" = 'list --csv -l ID,STAT' ] || { echo "onevm got: $*" >&2; exit 255; }
echo ID,STAT
exec cat ${vmsFile}
`;

/** `onehost sync -f` replaces /var/tmp/one (HostSyncManager.rb), as oneadmin only (onehost_helper.rb, sync). */
export const onehost = `#!/bin/bash
set -euo pipefail
case "$*" in
  'list -x') exec cat ${hostsFile} ;;
  'sync -f')
    (($(id -u) != 0)) || { echo "Cannot run 'onehost sync' as root" >&2; exit 255; }
    echo "onehost $*" >>${ordersFile}
    for host in kvm1 kvm2; do
      tar -C /var/lib/one/remotes -cf - . |
        ssh $host 'rm -rf /var/tmp/one && mkdir /var/tmp/one && tar -C /var/tmp/one -xf -'
    done ;;
  *) echo "onehost got: $*" >&2; exit 255 ;;
esac
`;

export const onehook = `#!/bin/bash
set -euo pipefail
cd /var/lib/one
value() { sed -n "s/^$1 *= \\"\\(.*\\)\\"/\\1/p" "$2"; }
case "$1 \${2:-}" in
  'list --csv') echo ID,NAME; cut -d , -f 1,2 hooks ;;
  'list -x')
    echo '<HOOK_POOL>'
    sed 's:\\(.*\\),\\(.*\\),\\(.*\\):<HOOK><ID>\\1</ID><NAME>\\2</NAME><TEMPLATE><COMMAND>\\3</COMMAND></TEMPLATE></HOOK>:' hooks
    echo '</HOOK_POOL>' ;;
  'create '*) echo "$((\${RANDOM} + 1)),$(value NAME "$2"),$(value COMMAND "$2")" >>hooks ;;
  'delete '*) sed -i "/^$2,/d" hooks ;;
  *) echo "onehook got: $*" >&2; exit 255 ;;
esac
`;

/** On the front-end. A second oned would not start while the first one runs. */
export const systemctlOfFrontEnd = `#!/bin/bash
set -euo pipefail
[[ $* == 'restart opennebula' ]] || exit 0
echo "$*" >>${ordersFile}
if [[ -e /run/oned.pid ]]; then
  kill -s KILL -- "-$(</run/oned.pid)" || true
  while pgrep -g "$(</run/oned.pid)" >/dev/null; do sleep 0.05; done
fi
rm -rf /run/one /run/oned.ready
install -d -o oneadmin /run/one
mkfifo /run/oned.ready
setsid setpriv --reuid=oneadmin --regid=oneadmin --clear-groups oned </dev/null >/run/oned.ready 2>/dev/null &
echo $! >/run/oned.pid
read -r ready </run/oned.ready
[[ $ready == ready ]] && pgrep -g "$(</run/oned.pid)" -f one_vmm_exec.rb >/dev/null
`;

/** On a host: the watcher's unit, as far as Ansible's module and install.sh ask for it. */
export const systemctlOfHost = `#!/bin/bash
set -euo pipefail
runs() { [[ -e /run/watch.pid ]] && kill -s 0 "$(</run/watch.pid)" 2>/dev/null; }
end() { ! runs || { kill "$(</run/watch.pid)"; while runs; do sleep 0.05; done; }; }
begin() {
  runs && return
  rm -f /run/migrate-guard/watch.json
  setsid /usr/sbin/migrate-guard watch </dev/null >>/var/log/watch.log 2>&1 &
  echo $! >/run/watch.pid
  until [[ -e /run/migrate-guard/watch.json ]]; do runs; sleep 0.05; done
}
case $1 in
  show)
    echo LoadState=loaded
    if runs; then echo ActiveState=active; else echo ActiveState=inactive; fi ;;
  is-enabled) [[ -e /etc/watch-enabled ]] ;;
  is-active) runs ;;
  enable) touch /etc/watch-enabled ;;
  disable) rm -f /etc/watch-enabled; [[ $* != *--now* ]] || end ;;
  start) begin ;;
  stop) end ;;
  restart) end; begin ;;
  try-restart) ! runs || { end; begin; } ;;
esac
`;
