#!/bin/sh
# The first process of a private host. It runs in separate namespaces, sets up their file trees, prints "ready PID" on
# stdout and stays as the reaper. Everything that it creates is on a tmpfs that disappears with the host.
# Usage: lab-host-init.sh NAME [DATASTORES]    (DATASTORES: a directory that hosts share as /var/lib/one/datastores)
set -eu
name=$1 datastores=${2:-}
lab=/run/migrate-guard-lab

# This /proc is still the outer one, so it shows the pid outside. With another release, release-init.sh has set it.
if [ -n "${OUTER_PID:-}" ]; then outer_pid=$OUTER_PID; else read -r outer_pid rest </proc/self/stat; fi

mount -t proc proc /proc
hostname "$name"
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p -m 755 $lab /run/lock
chmod 1777 /run/lock

# These directories are private: copies, or empty.
cp -a /etc $lab/etc
rm -rf $lab/etc/libvirt
mount --bind $lab/etc /etc
for directory in /var/log /var/tmp /var/cache/libvirt; do
  # Debian 11's libvirt has no /var/cache/libvirt of its own.
  mkdir -p -m 755 "$lab$directory" "$directory"
  mount --bind "$lab$directory" "$directory"
done
chmod 1777 /var/tmp
mkdir -p /var/log/libvirt/qemu

# /var/lib/one may not exist on the real machine, so it cannot be a mount point: /var/lib is new, the rest are links.
mkdir -p -m 755 $lab/var/lib $lab/real-var-lib
mount --rbind /var/lib $lab/real-var-lib
ln -s -t $lab/var/lib $lab/real-var-lib/*
rm -f $lab/var/lib/libvirt $lab/var/lib/one $lab/var/lib/migrate-guard
mkdir -p -m 755 $lab/var/lib/libvirt $lab/var/lib/one/datastores
mount --bind $lab/var/lib /var/lib
[ -z "$datastores" ] || mount --bind "$datastores" /var/lib/one/datastores

# A private /dev. The old one is unmounted first, with its sub-mounts: libvirt fails on hidden ones ("Unable to move
# /dev/pts").
mkdir -m 755 $lab/dev
mount -t tmpfs -o mode=755,dev tmpfs $lab/dev
cd $lab/dev
mknod -m 666 null c 1 3
mknod -m 666 zero c 1 5
mknod -m 666 full c 1 7
mknod -m 666 random c 1 8
mknod -m 666 urandom c 1 9
mknod -m 666 tty c 5 0
ln -s /proc/self/fd fd
ln -s /proc/self/fd/0 stdin
ln -s /proc/self/fd/1 stdout
ln -s /proc/self/fd/2 stderr
ln -s pts/ptmx ptmx
mkdir pts shm
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts pts
mount -t tmpfs -o mode=1777 tmpfs shm
cd /
umount -R -l /dev
mount --move $lab/dev /dev

echo "ready $outer_pid"
exec tini -s -- sleep infinity </dev/null >/dev/null 2>&1
