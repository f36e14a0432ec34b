#!/bin/bash
# Builds QEMU 7.2.0, which has the stuck-permission bug that migrate-guard handles, with debug info. Debian's own 7.2
# contains the fix among its patches, so only the upstream tarball of Debian's source package is used. Progress goes
# to stderr; the last line on stdout is the path of the binary. An existing build is reused at once.
set -euo pipefail

cache=${MIGRATE_GUARD_CACHE:-/var/cache/migrate-guard}/qemu-7.2.0
binary=$cache/qemu-system-x86_64
tarball=qemu_7.2+dfsg.orig.tar.xz
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'qemu-7.2.0: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

if [[ -x $binary ]]; then printf '%s\n' "$binary"; exit 0; fi

mkdir -p "$cache" || die "cannot make $cache; set MIGRATE_GUARD_CACHE to a directory you can write"
exec 9>"$cache/lock"
flock -n 9 || { say 'another build is under way, waiting for it'; flock 9; }
if [[ -x $binary ]]; then printf '%s\n' "$binary"; exit 0; fi

"$here/packages.sh" build 9>&-

# Only the holder of the lock gets here, so whatever killed builds have left can be removed.
rm -rf "$cache"/build.*
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Writes this system's own package sources as deb-src, so that they need no manual change. $1: the directory to write
# to.
write_source_lists() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -f $file ]] || continue
    sed -e '/^#/d' -e 's/^[Tt]ypes:.*/Types: deb-src/' "$file" >"$1/${file##*/}"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -f $file ]] || continue
    sed -n -E '/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?cdrom:/d; s/^deb[[:space:]]/deb-src /p' "$file" >"$1/from-${file##*/}"
  done
}

fetch_tarball() {
  mkdir -p "$work"/apt/{parts,lists/partial,cache/archives/partial} "$work/source"
  write_source_lists "$work/apt/parts"
  local -a options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/apt/parts"
    -o "Dir::State::Lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root
    -o Acquire::Languages=none -o Acquire::Retries=3)
  say 'fetching the lists of source packages'
  # A third-party source may offer no source packages; it only matters whether QEMU is found.
  apt-get "${options[@]}" -q update >"$work/apt.log" 2>&1 || true
  local version
  version=$(apt-cache "${options[@]}" showsrc qemu 2>>"$work/apt.log" |
    sed -n 's/^Version: \(1:7\.2+dfsg-.*\)/\1/p' | sort -V | tail -n 1)
  [[ -n $version ]] || { tail -n 20 "$work/apt.log" >&2; die "the configured package sources have no source package qemu 7.2+dfsg (Debian 12)"; }
  say "fetching $tarball (part of source package qemu $version)"
  (cd "$work/source" && apt-get "${options[@]}" -q source --download-only "qemu=$version") >"$work/apt.log" 2>&1 ||
    { tail -n 20 "$work/apt.log" >&2; die 'apt-get source failed (see above)'; }
  [[ -f $work/source/$tarball ]] || die "source package qemu $version does not contain $tarball"
}

configure_build() {
  say 'unpacking and configuring'
  mkdir -p "$work/qemu/build"
  tar -C "$work/qemu" --strip-components=1 -xf "$work/source/$tarball"
  [[ $(<"$work/qemu/VERSION") == 7.2.0 ]] || die "$tarball holds QEMU $(<"$work/qemu/VERSION"), not 7.2.0"
  # Debian's tarball lacks the firmware images; at run time -L names those of Debian's packages.
  sed -i "s/^subdir('pc-bios')\$/roms = []/" "$work/qemu/meson.build"
  (cd "$work/qemu/build" && ../configure --meson=/usr/bin/meson --target-list=x86_64-softmmu --without-default-features \
    --disable-install-blobs --enable-tcg --enable-kvm --enable-fdt=system --enable-debug-info --disable-werror \
    --enable-linux-aio --disable-docs --disable-tools --disable-guest-agent) >"$work/configure.log" 2>&1 ||
    { tail -n 40 "$work/configure.log" >&2; die 'configure failed (see above)'; }
}

compile() {
  say "compiling on $(nproc) processors: some five minutes on two"
  nice -n 10 ninja -C "$work/qemu/build" qemu-system-x86_64 </dev/null >"$work/ninja.log" 2>&1 9>&- &
  compiler=$!
  trap 'kill "$compiler" 2>/dev/null || true; wait "$compiler" 2>/dev/null || true; rm -rf "$work"' EXIT
  local ticks=0
  while kill -0 "$compiler" 2>/dev/null; do
    sleep 1
    if ((++ticks % 15 == 0)); then
      say "$(grep -o '^\[[0-9]*/[0-9]*\]' "$work/ninja.log" | tail -n 1) after ${ticks} s"
    fi
  done
  wait "$compiler" || { tail -n 40 "$work/ninja.log" >&2; die 'the build failed (see above)'; }
  trap 'rm -rf "$work"' EXIT
}

fetch_tarball
configure_build
compile
"$work/qemu/build/qemu-system-x86_64" --version | grep -q 'version 7\.2\.0' || die 'the built binary does not run'
# A rename in one file system: other processes see no binary or a complete one.
mv "$work/qemu/build/qemu-system-x86_64" "$binary"
say "built $binary"
printf '%s\n' "$binary"
