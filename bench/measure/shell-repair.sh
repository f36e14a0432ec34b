#!/bin/bash
# Does what an admin's script does to repair a domain: it creates every link below /dev on the path of a disk once
# more in QEMU's mount namespace. Modelled on StorPool's fix_namespace_symlinks.sh. It checks neither which files QEMU
# has open nor whether QEMU may open what it creates, and undoes nothing.
# Usage: shell-repair.sh DOMAIN
set -euo pipefail

pid=$(pgrep -f -- "-name guest=$1,")
xml=$(virsh --connect qemu:///system dumpxml "$1")
while read -r path; do
  while [[ -L $path ]]; do
    target=$(readlink "$path")
    if [[ $path == /dev/* ]]; then
      # shellcheck disable=SC2016 # expanded by the inner shell
      nsenter --target "$pid" --mount -- sh -c 'mkdir -p "$1" && ln -sfn "$2" "$3"' sh "${path%/*}" "$target" "$path"
    fi
    [[ $target == /* ]] || target=${path%/*}/$target
    path=$target
  done
done < <(xmlstarlet select --template --match '//disk/source' --value-of '@dev' --nl <<<"$xml")
