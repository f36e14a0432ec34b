#!/bin/sh
# The first process of a run of tests, in separate namespaces (setup/isolation/isolated-jest.mjs). The machine's file
# tree becomes read-only for the run, except the places in writable.txt; directories that must be writable under a
# fixed name are private, and end with the run. Then it runs the given command, and ends with its status.
# Usage: init.sh ROOT TEMPORARY VISIBLE… -- COMMAND…     VISIBLE: paths that must be visible, wherever they are
set -eu
here=$(dirname "$0") root=$1 temporary=$2
shift 2

# A replaced directory would hide what is below it, such as a tree that was cloned to /tmp: it is kept here meanwhile.
held=/mnt
mount -t tmpfs -o mode=755 tmpfs $held
hold() {
  count=$((count + 1))
  mkdir $held/$count
  mount --rbind "$1" $held/$count
  printf '%s\n' "$1" >$held/$count.path
}
show_again() {
  for path in $held/*.path; do
    place=$(cat "$path")
    [ "${path%.path}" -ef "$place" ] && continue
    mkdir -p "$place"
    mount --move "${path%.path}" "$place"
  done
}
count=0
hold "$root"
while [ "$1" != -- ]; do hold "$1"; shift; done
shift
mkdir $held/temporary
mount --bind "$temporary" $held/temporary

# An installation of a package may rename files there meanwhile; then the copy is incomplete.
tries=10
until cp -a /etc $held/ 2>$held/complaints; do
  tries=$((tries - 1))
  [ $tries -gt 0 ] || { cat $held/complaints >&2; exit 1; }
  rm -rf $held/etc
done
# ioctl(2) SIOCSIFFLAGS with IFF_UP: ip(8) may not be installed.
perl -MSocket -e 'my $up = pack "a16 s x14", "lo", 1; socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
  ioctl($socket, 0x8914, $up) or die "lo: $!\n"'

# mount_setattr(2) with AT_RECURSIVE and MOUNT_ATTR_RDONLY: mount(8) of Debian 12 cannot do it for a whole tree.
perl -e 'my ($path, $read_only) = ("/", pack "Q4", 1, 0, 0, 0);
  syscall(442, -100, $path, 0x8000, $read_only, 32) == 0 or die "mount_setattr: $!\n"'

own() { mount -t tmpfs -o "mode=$1" tmpfs "$2"; }
writable() {
  mount --bind "$1" "$2"
  mount -o remount,bind,rw "$2"
}

mount -t proc proc /proc
# Runs share the cache of jest, which names its temporary files there by pid: so each run starts with a random pid.
echo $((1000 + $(od -An -N2 -tu2 /dev/urandom) % 30000)) >/proc/sys/kernel/ns_last_pid || true
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount --bind $held/etc /etc
own 755 /run
own 1777 /var/tmp
own 1777 /dev/shm
[ ! -d ~/.ssh ] || own 700 ~/.ssh
writable $held/temporary /tmp
show_again
sed -n '/^[^#]/p' "$here/writable.txt" | while read -r place; do
  case $place in
    TEMPORARY) ;; # /tmp, above
    ROOT/*)
      writable "$root${place#ROOT}" "$root${place#ROOT}" ;;
    /*)
      writable "$place" "$place" ;;
  esac
done
cd "$root"
umount -R -l $held

status=0
"$@" || status=$?
exit $status
