#!/bin/sh
# Makes this mount namespace one of another release: its root becomes an overlay on the tree, so the tree itself does
# not change.
# Usage: release-init.sh TREE [DIRECTORY…] [--shared DIRECTORY] -- PROGRAM…
# The directories of this machine are visible there, too: read-only, but for the shared one.
# PROGRAM finds in OUTER_PID the process id that it has on the real machine.
set -eu
# This /proc is still the outer one.
read -r OUTER_PID rest </proc/self/stat
export OUTER_PID
tree=$1
shift
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir -m 755 /mnt/upper /mnt/work /mnt/root
mount -t overlay -o "lowerdir=$tree,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
mount -t proc proc /mnt/root/proc
mount -t sysfs -o ro sysfs /mnt/root/sys
mount -t tmpfs -o mode=755 tmpfs /mnt/root/run
mount -t tmpfs -o mode=755 tmpfs /mnt/root/dev
mknod -m 666 /mnt/root/dev/null c 1 3
while [ "$1" != -- ]; do
  mode=ro
  if [ "$1" = --shared ]; then
    mode=rw
    shift
  fi
  mkdir -p "/mnt/root$1"
  mount --bind -o "$mode" "$1" "/mnt/root$1"
  shift
done
shift
mkdir /mnt/root/old
cd /mnt/root
pivot_root . old
umount -l /old
rmdir /old
cd /
exec "$@"
