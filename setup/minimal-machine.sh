#!/bin/bash
# npm run test:minimal: the README's first commands on the smallest Debian 12 (debootstrap --variant=minbase) with
# Node and git, which shows any package that setup/packages.sh lacks. The tree is made once, and kept in the cache;
# each run gets a copy-on-write view of it that ends with the run. It tests the last commit. All output goes to
# stderr.
set -euo pipefail

cache=${MIGRATE_GUARD_CACHE:-/var/cache/migrate-guard}/debian-12-minimal
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec >&2 </dev/null

say() { printf 'minimal-machine: %s\n' "$*"; }
die() { say "$*"; exit 1; }
((EUID == 0)) || die 'must be root: it makes a file tree with device nodes'

# The settings that a machine needs to reach its package sources and npm's, copied from this one. Of apt's settings
# only those: others call programs that do not exist there.
copy_network_settings() {
  local tree=$1 path
  for path in /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/auth.conf.d \
    /etc/apt/trusted.gpg.d /etc/apt/keyrings /usr/share/keyrings /etc/ssl/certs ~/.npmrc; do
    [[ -e $path ]] || continue
    mkdir -p "$tree${path%/*}"
    cp -rL "$path" "$tree${path%/*}/"
  done
  mkdir -p "$tree/etc/apt/apt.conf.d"
  apt-config dump Acquire >"$tree/etc/apt/apt.conf.d/99acquire"
}

# The first package source of this machine for Debian 12: URI, and the keyring that signs it.
debian_source() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -f $file ]] || continue
    awk 'BEGIN { RS = "" } /(^|\n)Suites:[^\n]* ?bookworm( |\n|$)/ && match($0, /(^|\n)URIs: *[^ \n]+/) {
      uri = substr($0, RSTART, RLENGTH); sub(/.*URIs: */, "", uri); print uri }' "$file"
  done
  sed -n -E 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+)[[:space:]]+bookworm[[:space:]].*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
}

make_tree() {
  local work=$1 mirror
  mirror=$(debian_source | head -n 1)
  [[ -n $mirror ]] || die 'the configured package sources have no Debian 12 (bookworm)'
  say "making a minimal Debian 12 from $mirror: a minute or two, once"
  debootstrap --variant=minbase --include=ca-certificates,git bookworm "$work/tree" "$mirror" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log"; die 'debootstrap failed (see above)'; }
  rm -rf "$work"/tree/var/cache/apt/archives/*.deb
}

mkdir -p "$cache" || die "cannot make $cache; set MIGRATE_GUARD_CACHE to a directory you can write"
exec 9>"$cache/lock"
flock -n 9 || { say 'another run makes the tree, waiting for it'; flock 9; }
if [[ ! -d $cache/tree ]]; then
  "$here/packages.sh" minimal 9>&-
  # Only the holder of the lock gets here, so whatever killed runs have left can be removed.
  rm -rf "$cache"/making.*
  work=$(mktemp -d "$cache/making.XXXXXX")
  make_tree "$work" 9>&-
  mv "$work/tree" "$cache/tree"
  rm -rf "$work"
fi
flock -u 9

run=$(mktemp -d "${TMPDIR:-/tmp}/migrate-guard-minimal-XXXXXX")
trap 'rm -rf "$run"' EXIT
mkdir "$run"/{upper,work,machine}
git clone -q --no-hardlinks "$here/.." "$run/upper/migrate-guard"
say "the demo of commit $(git -C "$run/upper/migrate-guard" rev-parse --short HEAD)"

# The Node and the npm of this machine.
node=$(readlink -f "$(command -v node)") npm=$(readlink -f "$(command -v npm)")
mkdir -p "$run/upper/usr/local/bin" "$run/upper/usr/local/lib/node_modules"
cp "$node" "$run/upper/usr/local/bin/node"
cp -r "${npm%/bin/*}" "$run/upper/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$run/upper/usr/local/bin/npm"
copy_network_settings "$run/upper"

# /run is empty, as in a container; the rest is what every machine has. A chroot is not enough: a process that enters
# the mount namespace of another one gets the root of that namespace, which must be this tree.
enter='
  mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$2/machine"
  cd "$2/machine"
  mount -t proc proc proc
  mount --rbind /sys sys
  mount --rbind /dev dev
  mount -t tmpfs -o mode=755 tmpfs run
  mkdir old
  pivot_root . old
  exec chroot . sh -euc "umount -l /old && rmdir /old && cd /migrate-guard && npm run demo && exec npm run --silent demo -- --watch"
'
started=$SECONDS
unshare --mount --pid --fork --kill-child --propagation private -- \
  env -u TMPDIR HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  sh -euc "$enter" sh "$cache/tree" "$run" || die 'npm run demo failed on a minimal Debian 12 (see above)'
say "both demos: done in $((SECONDS - started)) s, packages included"
