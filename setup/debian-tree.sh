#!/bin/bash
# Makes the file tree of another Debian release, so that tests can run a host of that release in namespaces.
# Usage: setup/debian-tree.sh RELEASE
# Progress goes to stderr; the last line on stdout is the path of the tree. A tree that was made from the same list of
# packages is reused at once; another list makes another tree. Nothing writes into it: tests put an overlay above it.
set -euo pipefail

# The packages of a host: the program's own tools, sudo, virsh, ssh; from Debian 13 on a Node that is new enough, and
# sudo-rs.
HOST='util-linux mount acl attr sudo procps libvirt-clients openssh-server openssh-client openssh-sftp-server'
NEWER='nodejs sudo-rs'
# The packages to run VMs there (test/lab/harness): libvirtd without the drivers that no test uses, QEMU, gdb.
HYPERVISOR='libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils gdb tini iproute2'
declare -A PACKAGES_OF_RELEASE=(
  [bullseye]="$HOST $HYPERVISOR"
  [trixie]="$HOST $NEWER $HYPERVISOR"
  [forky]="$HOST $NEWER $HYPERVISOR"
)

say() { printf 'debian-tree: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

release=${1:-}
[[ -n $release && -n ${PACKAGES_OF_RELEASE[$release]:-} ]] || {
  printf 'usage: debian-tree.sh RELEASE   (releases: %s)\n' "${!PACKAGES_OF_RELEASE[*]}" >&2
  exit 64
}
# shellcheck disable=SC2206 # the lists above hold plain package names
packages=(${PACKAGES_OF_RELEASE[$release]})

trees=${MIGRATE_GUARD_CACHE:-/var/cache/migrate-guard}/trees
# The name depends on this list: another clone on this machine may use another list at the same time.
made=$trees/$release-$(cksum <<<"${packages[*]}" | cut -d ' ' -f 1)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The list is next to the tree and was written last: if it exists, the tree is complete.
is_made() { [[ -f $made/packages && $(<"$made/packages") == "${packages[*]}" ]]; }
end_if_made() {
  if is_made; then
    printf '%s\n' "$made/root"
    exit 0
  fi
}

end_if_made
((EUID == 0)) || die 'must be root: the tree has the owners of a real one'
mkdir -p "$trees" || die "cannot make $trees; set MIGRATE_GUARD_CACHE to a directory you can write"
exec 9>"$trees/$release.lock"
flock -n 9 || { say "somebody else makes the tree of $release, waiting for it"; flock 9; }
end_if_made

"$here/packages.sh" tree 9>&-

# Only the holder of the lock gets here, so whatever killed runs have left can be removed.
rm -rf --one-file-system "$trees/$release".new.*
work=$(mktemp -d "$trees/$release.new.XXXXXX")
maker=
clean_up() {
  [[ -z $maker ]] || { kill "$maker" 2>/dev/null || true; wait "$maker" 2>/dev/null || true; }
  rm -rf --one-file-system "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The package source of this machine.
mirror() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }'
}

# Runs in separate namespaces: mounts and processes in the tree end with it, even if it is killed.
# $1: the text to print; the other arguments are the command.
run_apart() {
  local what=$1 ticks=0
  shift
  say "$what"
  unshare --mount --propagation private --pid --fork --kill-child -- "$@" </dev/null >"$work/log" 2>&1 9>&- &
  maker=$!
  while kill -0 "$maker" 2>/dev/null; do
    sleep 1
    if ((++ticks % 15 == 0)); then say "${ticks} s: $(tail -n 1 "$work/log" | cut -c 1-100)"; fi
  done
  wait "$maker" || { tail -n 40 "$work/log" >&2; die "$what failed (see above)"; }
  maker=
}

from=$(mirror)
[[ -n $from ]] || die "the package sources of this machine name no Debian archive"
# This machine's debootstrap may be older than the release; the one in development is made like unstable.
script=/usr/share/debootstrap/scripts/$release
[[ -e $script ]] || script=/usr/share/debootstrap/scripts/sid
run_apart "fetching and unpacking Debian $release: some two minutes" \
  debootstrap --variant=minbase "$release" "$work/root" "$from" "$script"

# No process starts in the tree at this point, and the tree need not survive a crash of this machine.
printf '#!/bin/sh\nexit 101\n' >"$work/root/usr/sbin/policy-rc.d"
chmod 755 "$work/root/usr/sbin/policy-rc.d"
echo force-unsafe-io >"$work/root/etc/dpkg/dpkg.cfg.d/migrate-guard"
cp /etc/resolv.conf "$work/root/etc/resolv.conf"
install_packages='mount -t proc proc "$1/proc"
  exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 "${@:2}"'
run_apart "installing ${packages[*]}" bash -euc "$install_packages" bash "$work/root" "${packages[@]}"
rm -rf "$work/root/var/cache/apt/archives" "$work/root/var/lib/apt/lists" "$work/log"
mkdir -p "$work/root/var/cache/apt/archives/partial" "$work/root/var/lib/apt/lists/partial"
printf '%s\n' "${packages[*]}" >"$work/packages"

# A rename in one file system: other processes see no tree or a complete one. A test may still use an older tree: that
# keeps its name.
if [[ -e $made ]]; then mv -T "$made" "$(mktemp -d "$trees/$release.new.XXXXXX")"; fi
chmod 755 "$work"
mv -T "$work" "$made"
rm -rf --one-file-system "$trees/$release".new.*
trap - EXIT
say "made $made"
printf '%s\n' "$made/root"
