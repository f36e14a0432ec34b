#!/bin/bash
# Does what an admin's script does to find the same: for each domain and disk, where the path leads on the host, and
# whether it leads to the same device in QEMU's mount namespace. Modelled on StorPool's fix_namespace_symlinks.sh, as
# fast as such a script can be: one virsh, one xmlstarlet and one pgrep for each domain, one readlink and one nsenter
# for each disk.
# Usage: shell-loop.sh DOMAIN…
set -euo pipefail

status=0
for domain in "$@"; do
  pid=$(pgrep -f -- "-name guest=$domain,")
  xml=$(virsh --connect qemu:///system dumpxml "$domain")
  while read -r path; do
    device=$(readlink -f "$path")
    # shellcheck disable=SC2016 # expanded by the inner shell
    if ! nsenter --target "$pid" --mount -- sh -c 'test -b "$1" && test "$(readlink -f "$1")" = "$2"' sh "$path" "$device"; then
      echo "$domain: $path does not lead to $device"
      status=1
    fi
  done < <(xmlstarlet select --template --match '//disk/source' --value-of '@dev' --nl <<<"$xml")
done
exit "$status"
