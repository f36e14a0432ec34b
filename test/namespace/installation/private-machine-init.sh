#!/bin/sh
# Makes this mount namespace a private machine: /etc, /usr, /var and /run can be written, and no other process sees
# the changes. Then prints a line and stays until its input ends. Usage: private-machine-init.sh UID [TREE DIRECTORY…]
#   TREE: the machine has the files of that tree, which does not change, and these directories of the real machine
set -eu
uid=$1
shift
if [ $# -gt 0 ]; then
  tree=$1
  shift
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  chmod 755 /mnt/upper /mnt/root
  mount -t overlay -o "lowerdir=$tree,upperdir=/mnt/upper,workdir=/mnt/work" overlay /mnt/root
  for directory in /dev "$@"; do
    mkdir -p "/mnt/root$directory"
    mount --rbind "$directory" "/mnt/root$directory"
  done
  mount -t proc proc /mnt/root/proc
  mkdir /mnt/root/old
  cd /mnt/root
  pivot_root . old
  umount -l /old
  cd /
fi
mount -t tmpfs -o mode=755 tmpfs /mnt
for tree in etc usr var; do
  mkdir -p "/mnt/$tree/upper" "/mnt/$tree/work"
  chmod 755 "/mnt/$tree/upper"
  mount -t overlay -o "lowerdir=/$tree,upperdir=/mnt/$tree/upper,workdir=/mnt/$tree/work" overlay "/$tree"
done
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/libvirt/qemu
touch /run/private-machine
rm -rf /etc/sudoers.d/* /etc/migrate-guard /usr/lib/migrate-guard /var/lib/migrate-guard /var/log/migrate-guard \
  /usr/share/migrate-guard-* /usr/share/man/man1/migrate-guard.1 /usr/share/bash-completion/completions/migrate-guard
sed -i '/^oneadmin:/d' /etc/passwd /etc/group /etc/shadow
echo "oneadmin:x:$uid:$uid::/var/lib/one:/bin/sh" >>/etc/passwd
echo "oneadmin:x:$uid:" >>/etc/group
echo "oneadmin:*:19000:0:99999:7:::" >>/etc/shadow
# sudo prints a warning on a machine that cannot resolve its own name.
echo "127.0.0.1 localhost $(uname -n)" >>/etc/hosts
mkdir -p /var/lib/one
chown "$uid:$uid" /var/lib/one
echo ready
exec cat >/dev/null
