#!/bin/bash
# Installs the Debian packages that the tests, the demo and the bench need, by named group, and nothing that is
# installed.
# Usage: setup/packages.sh GROUP…      (groups: namespace tree qemu lab ansible readers build bench package minimal)
set -euo pipefail

declare -A GROUPS_OF_PACKAGES=(
  # For mount namespaces with private device nodes.
  [namespace]='util-linux mount acl attr procps strace sudo man-db groff-base openssh-client
             libvirt-clients systemd'
  # For file trees of other Debian releases (setup/debian-tree.sh).
  [tree]='debootstrap debian-archive-keyring util-linux mount'
  # For a real libvirtd with a real QEMU on a private host.
  [qemu]='qemu-system-x86 qemu-utils libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients gdb binutils strace tini util-linux mount
          iproute2 acl attr procps'
  # For two hosts that reach each other over ssh, as OpenNebula's do.
  [lab]='openssh-server openssh-client openssh-sftp-server sudo'
  # For the Ansible role (deploy/ansible).
  [ansible]='ansible-core ansible-lint python3-apt'
  # Readers of our output: a browser (which draws no text without a font), and promtool.
  [readers]='chromium fonts-dejavu-core prometheus'
  # For npm run package, and for installing its results.
  [package]='binutils dpkg rpm tar gzip'
  # For building QEMU 7.2.0 (setup/qemu-7.2.0.sh).
  [build]='gcc libc6-dev make xz-utils python3 perl ninja-build meson pkg-config libglib2.0-dev libpixman-1-dev libfdt-dev
           libaio-dev flex bison'
  # For the smallest Debian (setup/minimal-machine.sh).
  [minimal]='debootstrap git'
  # For the shell scripts with which the bench compares.
  [bench]='xmlstarlet procps util-linux perl-base time'
)
POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='# migrate-guard: temporary, keeps services from starting while packages are installed'

die() { printf 'packages.sh: %s\n' "$*" >&2; exit 1; }

(($# > 0)) || { printf 'usage: packages.sh GROUP…   (groups: %s)\n' "${!GROUPS_OF_PACKAGES[*]}" >&2; exit 64; }
wanted=()
for group in "$@"; do
  [[ -n ${GROUPS_OF_PACKAGES[$group]:-} ]] || die "no such group: $group (groups: ${!GROUPS_OF_PACKAGES[*]})"
  # shellcheck disable=SC2206 # the lists above hold plain package names
  wanted+=(${GROUPS_OF_PACKAGES[$group]})
done

command -v dpkg-query >/dev/null || die 'this is not Debian (there is no dpkg-query); install by hand: '"${wanted[*]}"

# Sets `missing`: the wanted packages that are not fully installed.
find_missing() {
  local -A installed=()
  local name status
  while read -r name status; do
    [[ $status == installed ]] && installed[$name]=1
  done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null || true)
  missing=()
  for name in "${wanted[@]}"; do
    [[ -n ${installed[$name]:-} ]] || { missing+=("$name"); installed[$name]=1; }
  done
}

find_missing
((${#missing[@]} > 0)) || exit 0

command -v apt-get >/dev/null || die "this is not Debian (there is no apt-get); install by hand: ${missing[*]}"
((EUID == 0)) || die "must be root to install: ${missing[*]}"

# Another run may be installing; afterwards there may be nothing left to do. The lock is on dpkg's own directory: it
# exists on every Debian, while /run/lock is missing in containers. dpkg and apt lock files in it, by fcntl(2), so
# this lock does not conflict with theirs.
exec 9</var/lib/dpkg
flock 9
find_missing
((${#missing[@]} > 0)) || exit 0

printf 'packages.sh: installing %s\n' "${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)

# An administrator's policy-rc.d stays; one with our mark was left by a killed run.
if [[ ! -e $POLICY ]] || grep -qxF "$POLICY_MARK" "$POLICY"; then
  made_policy=1
else
  made_policy=
fi
clean_up() {
  rm -f "$log"
  [[ -z $made_policy ]] || rm -f "$POLICY"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ -n $made_policy ]]; then
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" >"$POLICY"
  chmod 755 "$POLICY"
fi

install_missing() {
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "${missing[@]}" \
    </dev/null >"$log" 2>&1 9>&-
}

# apt waits for the lock of dpkg, but not for that of the package lists, which the machine's own timer also takes.
update_lists() {
  local seconds
  for ((seconds = 0; seconds < 600; seconds++)); do
    apt-get update -qq -o DPkg::Lock::Timeout=600 </dev/null >"$log" 2>&1 9>&- && return
    grep -q 'Could not get lock' "$log" || break
    sleep 1
  done
  cat "$log" >&2
  return 1
}

# Old or missing package lists are the usual reason for a failure, so it is retried once with new ones.
if ! install_missing; then
  update_lists || die 'apt-get update failed (see above)'
  install_missing || { tail -n 40 "$log" >&2; die "apt-get could not install: ${missing[*]}"; }
fi
find_missing
((${#missing[@]} == 0)) || die "apt-get succeeded, yet these are not installed: ${missing[*]}"
