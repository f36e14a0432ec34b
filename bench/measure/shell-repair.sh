#!/bin/bash
# What an admin's script does to mend a domain: every link below /dev on the way of a disk is made once more in QEMU's
# mount namespace. Modelled on StorPool's fix_namespace_symlinks.sh. It looks neither at what QEMU has open nor at
# whether QEMU may open what it makes, and takes nothing back.
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
