#!/bin/sh
# Sets up the file trees of a stage inside a separate mount namespace, then becomes the given program.
# Usage: namespace-stage-init.sh host|qemu PROGRAM…      (the program gets stdin and stdout)
#   host: /mnt becomes a private tmpfs that the QEMUs of this host share, as the datastores are shared; so does /run,
#         where migrate-guard locks VMs: other test files have VMs of the same names
#   qemu: only /dev is private, as with libvirt
set -eu
role=$1
shift

if [ "$role" = host ]; then
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/.dev
  mount -t tmpfs -o mode=755 tmpfs /run
  size=16m
else
  size=64k
fi

# The new /dev has the name that libvirt gives it (src/util/virfile.c, virFileSetupDev). The old one is unmounted
# below, with its sub-mounts, because libvirt's /dev has only those that libvirt created.
mount -t tmpfs -o "mode=755,dev,nosuid,size=$size" devfs /mnt/.dev
cd /mnt/.dev
umask 0
mknod -m 666 null c 1 3
mknod -m 666 zero c 1 5
mknod -m 666 full c 1 7
mknod -m 666 random c 1 8
mknod -m 666 urandom c 1 9
mkdir -m 755 pts
mkdir -m 1777 shm
ln -s /proc/self/fd fd
cd /
umount -R -l /dev 2>/dev/null || true
mount --move /mnt/.dev /dev
mount -t tmpfs -o mode=1777 tmpfs /dev/shm

exec "$@"
