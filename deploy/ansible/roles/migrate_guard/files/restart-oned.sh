#!/bin/bash
# Restarts oned, but not while OpenNebula works on a VM: a VM in such a state (MIGRATE, SAVE, PROLOG, …) would stay in it,
# because the driver that was to report the end of the action dies with oned.
# Usage: restart-oned.sh [look]      look: does not restart it
# Exit status: 0 done; 75 there are such VMs, which stderr names; others: whether there are any is not known.
set -euo pipefail

# The states that last by themselves, in the words of `onevm list` (SHORT_VM_STATES and SHORT_LCM_STATES of OpenNebula's
# oca/ruby/opennebula/virtual_machine.rb). Every other word is an action that runs, or one that a newer release has added.
lasting='init|pend|hold|stop|susp|done|poff|unde|fail|runn|unkn'

listed=$(runuser -u oneadmin -- env HOME=/var/lib/one LC_ALL=C.UTF-8 timeout 60 onevm list --csv -l ID,STAT </dev/null) || {
  echo 'Whether OpenNebula works on a VM is not known: onevm list has failed.' >&2
  exit 1
}
[[ $listed == ID,STAT* ]] || {
  echo 'Whether OpenNebula works on a VM is not known: onevm list has not printed ID and STAT.' >&2
  exit 1
}
busy=$(awk -F , -v "lasting=^($lasting)\$" 'NR > 1 && NF > 0 && $2 !~ lasting { printf "%s %s (%s)", sep, $1, $2; sep = "," }' <<<"$listed")
[[ -z $busy ]] || {
  echo "OpenNebula works on these VMs:$busy. After a restart of oned they would stay in these states." >&2
  exit 75
}
[[ ${1:-} == look ]] || systemctl restart opennebula
