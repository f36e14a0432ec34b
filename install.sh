#!/bin/bash
# Installs migrate-guard on an OpenNebula front-end or on a KVM host, as root. It adds files and edits none but, with
# --set-vm-mad, one line of oned.conf. What it installs is written down in a manifest, and uninstall removes that.
# Every file, its owner, and why it is there: docs/what-it-does.md.
set -euo pipefail
umask 022
export LC_ALL=C
# All that this script and the program look in for others, whoever starts them: root's own PATH may lead to what is not
# root's. Node alone is looked for there, too.
program_path=/usr/sbin:/usr/bin:/sbin:/bin
callers_path=${PATH:-}
export PATH=$program_path

usage() {
  cat <<'TEXT'
Usage: install.sh frontend [--set-vm-mad]    on the OpenNebula front-end
       install.sh host                       on each KVM host
       install.sh verify                     tells what is missing or was changed, for example by an upgrade
       install.sh uninstall [frontend|host]  removes what they have installed on this machine
Options: --dry-run       only say what would be done
         --check         only say whether this machine has what frontend or host needs, and nothing in the way
         --root DIR      work on the file tree below DIR (for packages and tests); users are those of its /etc/passwd
         --set-vm-mad    select the drivers in oned.conf; without it the line to set is only printed
Exit status: 0 done, or all is in place; 1 refused, or something is missing; 64 usage; 77 not root
TEXT
}

# ---- Where things are ------------------------------------------------------------------------------------------------

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]:-$0}")")" && pwd)
state=/var/lib/migrate-guard
library=/usr/lib/migrate-guard
remotes=/var/lib/one/remotes
config=/etc/migrate-guard/config.yaml
fallback=/etc/migrate-guard/fallback.env
oned_conf=/etc/one/oned.conf
program=$library/migrate-guard
manifest=$state/manifest
oned_backup=$oned_conf.before-migrate-guard
tab=$'\t'

action='' half='' root='' dry_run='' check='' set_vm_mad='' node='' tools_node=''
uid=0 gid=0 user=oneadmin

# ---- Words -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$@"; }

# What a terminal would obey is not sent to it: names and versions may be OpenNebula's user's. Lines stay lines.
shown() { tr -c '[:print:]\n\t' '?'; }

# die WHAT REMEDY [STATUS]
die() {
  printf 'install.sh: %s\n  -> %s\n' "$1" "$2" | shown >&2
  exit "${3:-1}"
}

read_arguments() {
  while (($# > 0)); do
    case $1 in
      frontend | host) read_half "$1" ;;
      verify | uninstall) [[ -z $action ]] || usage_error 'one action only'; action=$1 ;;
      --dry-run) dry_run=1 ;;
      --check) check=1 ;;
      --set-vm-mad) set_vm_mad=1 ;;
      --root) [[ -n ${2:-} ]] || usage_error '--root needs a directory'; root=$2; shift ;;
      --root=?*) root=${1#--root=} ;;
      -h | --help) usage; exit 0 ;;
      *) usage_error "unknown argument $1" ;;
    esac
    shift
  done
  [[ -n $action ]] || usage_error 'no action was given'
  [[ -z $set_vm_mad || $action == frontend ]] || usage_error '--set-vm-mad belongs to frontend'
  [[ -z $check || $action == "$half" ]] || usage_error '--check belongs to frontend and host'
  [[ -z $root ]] || root=$(cd "$root" 2>/dev/null && pwd) || die 'the directory after --root is not there' 'make it first'
  [[ $root != / ]] || root=''
}

# A half alone is an action; it may also say what to uninstall.
read_half() {
  [[ -z $half && (-z $action || $action == uninstall) ]] || usage_error 'one action only'
  half=$1
  [[ -n $action ]] || action=$1
}

usage_error() {
  printf 'install.sh: %s\n' "$1" >&2
  usage >&2
  exit 64
}

# ---- What has to be there --------------------------------------------------------------------------------------------

need_root() { ((EUID == 0)) || die 'this is for root' "run it with sudo" 77; }

# Whether others than root could change a file, or exchange it: each directory on its way has to be root's. Sets `shared`.
is_foreign() {
  local path=$1 owner mode
  while :; do
    read -r owner mode < <(stat -c '%u %a' -- "$path")
    shared=$path
    ((owner == 0 && (8#$mode & 8#022) == 0)) || return 0
    [[ $path != / ]] || return 1
    path=$(dirname -- "$path")
  done
}

# Root chose to run this script. What lies beside it, which root runs or installs, nobody else may be able to change than
# who can change this script: root, its owner, and its group if that may write it.
refuse_foreign_sources() {
  local owner=0 group=0 mode=755 name found writable sources=()
  for name in install.sh installation.cjs standalone dist remotes hooks config; do
    [[ ! -e $here/$name ]] || sources+=("$here/$name")
  done
  ((${#sources[@]} > 0)) || return 0
  [[ ! -e $here/install.sh ]] || read -r owner group mode < <(stat -L -c '%u %g %a' -- "$here/install.sh")
  writable=(-perm /022)
  (((8#$mode & 8#020) == 0)) || writable=(-perm /002 -o -perm /020 ! -gid "$group")
  found=$(find -L "${sources[@]}" \( ! -uid 0 ! -uid "$owner" -o "${writable[@]}" \) -print -quit)
  [[ -z $found ]] || die "$found can be changed by others than root and the owner of $here/install.sh, and root would run or install it" \
    "see who owns it; then: chown -R root: $here; chmod -R go-w $here"
}

# The real path of a Node that is new enough. Root runs it: so it, and every directory above it, must be root's own.
# A stand-alone executable beside this script (setup/package/standalone.mjs) takes its place, and is installed with the rest.
need_node() {
  local found end version major minor foreign=''
  /usr/bin/env -S true 2>/dev/null || die '/usr/bin/env knows no -S' 'coreutils 8.30 or later is needed'
  if [[ -e $here/standalone && $action != frontend ]]; then
    "$here/standalone" --version >/dev/null || die "$here/standalone does not run here" 'see the message above'
    node=$library/standalone tools_node=$here/standalone
    return
  fi
  for found in /usr/bin/node /usr/local/bin/node "$(PATH=$callers_path command -v node || true)"; do
    [[ -x $found ]] || continue
    end=$(readlink -f -- "$found")
    # Not even to ask it for its version.
    if is_foreign "$end"; then foreign=${foreign:-"$shared can be written by others than root, and root would run $end"}; continue; fi
    version=$("$end" --version 2>/dev/null) || continue
    IFS=. read -r major minor _ <<<"${version#v}"
    ((major > 20 || (major == 20 && minor >= 11))) 2>/dev/null || continue
    node=$end tools_node=$end
    return
  done
  [[ -z $foreign ]] || die "$foreign" 'install Node system-wide, owned by root'
  die 'Node 20.11 or later is not installed' \
    'install the package nodejs (https://nodejs.org/en/download); a KVM host can do without: see docs/install.md, stand-alone'
}

need_build() {
  local name
  [[ $here != *$library ]] || die 'this copy can only verify and uninstall' 'install from the source tree'
  for name in migrate-guard.cjs agent.cjs plugin.cjs installation.cjs man/migrate-guard.1 completion/migrate-guard.bash; do
    [[ -r $here/dist/$name ]] || die "$here/dist/$name is not built" "cd $here && npm ci && npm run build"
  done
}

# A package asks with --check before it unpacks them.
has_sources() { [[ -r $here/dist/migrate-guard.cjs ]]; }

# Before a package is unpacked, nothing here reads YAML: a configuration that was edited is looked at afterwards.
can_configure() { has_sources || [[ ! -e $root$config ]] || ! grep -qvE '^[[:space:]]*(#|$)' -- "$root$config"; }

# configured KEY: a value of the configuration that is installed, by its name in fallback.env
configured() { sed -n "s/^$1=//p" "$work/configured"; }

# The user by which OpenNebula reaches its hosts; numbers, because a staging tree has users of its own.
need_oneadmin() {
  [[ $here != *$library ]] || die 'this copy can only verify and uninstall' 'install from the source tree'
  if has_sources; then
    tool fallback "$root$config" >"$work/configured" || exit 1
    user=$(configured SSH_USER)
  fi
  if [[ -z $root ]]; then
    uid=$(id -u "$user" 2>/dev/null) || no_user
    gid=$(id -g "$user")
  else
    IFS=: read -r _ _ uid gid _ < <(grep "^$user:" "$root/etc/passwd" 2>/dev/null) || no_user
  fi
  ((uid != 0)) || die "$user is root" 'OpenNebula needs a user of its own'
}

no_user() { die "there is no user $user" "install OpenNebula's packages on this machine first, or set ssh.user in $config"; }

need_frontend() {
  local version
  [[ -d $root$remotes ]] || die "this is no OpenNebula front-end: $root$remotes is not there" \
    'run install.sh frontend on the front-end, and install.sh host on the KVM hosts'
  version=$(head -n 1 "$root$remotes/VERSION" 2>/dev/null || true)
  [[ $version =~ ^[67]\.[0-9]+ ]] || die "OpenNebula ${version:-of unknown version ($remotes/VERSION)} is not known" \
    'OpenNebula 6 and 7 are; look for a newer release of migrate-guard'
}

# What each half takes, and a place for each of its files; what it is to be installed from is another matter.
check_machine() {
  need_machine
  can_configure || return 0
  read_manifest
  plan_common; "plan_$action"
  refuse_what_is_in_the_way
}

need_machine() {
  need_node
  ! can_configure || need_oneadmin
  if [[ $action == host ]]; then need_host; else need_frontend; fi
}

# A tree of files runs nothing: what the agent starts is looked for on a machine only.
need_host() {
  need_programs sudo sudo visudo
  [[ -d $root/etc/sudoers.d ]] || die "$root/etc/sudoers.d is not there" 'install the package sudo'
  [[ -z $root ]] || return 0
  need_programs acl getfacl setfacl
  need_programs util-linux nsenter runuser setpriv setsid
  need_programs 'openssh-client (Debian), openssh-clients (RHEL)' ssh
  need_programs 'libvirt-clients (Debian), libvirt-client (RHEL)' virsh
}

# need_programs PACKAGE NAME…
need_programs() {
  local package=$1 name
  shift
  for name; do
    command -v "$name" >/dev/null ||
      die "$name is not installed: it is not in $program_path" "install the package $package"
  done
}

# ---- What is to be installed -----------------------------------------------------------------------------------------

# One line per directory and file, with tabs: ROLE KIND OWNER MODE SOURCE PATH. The role `common` is of both.
plan=()
declare -A planned=()
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# add ROLE KIND OWNER MODE SOURCE PATH, and the directories above PATH that are not there or that we once made
add() {
  local role=$1 owner=$3 path=$6
  [[ -z ${planned[$path]:-} ]] || return 0
  [[ $path == /*/* ]] && add "$role" directory "$owner" 755 - "$(dirname "$path")"
  if [[ $2 == directory && ${old[$path]:-} != *"${tab}directory$tab"* ]]; then
    # A directory of the system may be a link: /usr/sbin to bin, /var/log to a disk of its own.
    if [[ -L $root$path && $path != */migrate-guard* ]]; then refuse_foreign_link "$owner" "$path"; return 0; fi
    [[ -L $root$path || ! -d $root$path ]] || return 0
  fi
  planned[$path]=1
  plan+=("$(printf '%s\t' "$@")")
}

# Root writes only through links that nobody else can turn: each on the way, and each directory, has to be root's. A
# sticky one that others may write is no danger on the way, where they cannot exchange what is root's; but it is at the end.
refuse_foreign_link() {
  local owner=$1 path=$root$2 end way mode who name shared=''
  [[ -d $path ]] || die "$path is a link that leads to no directory" 'make or mount what it leads to'
  end=$(readlink -f -- "$path")
  [[ $end == "$root"/* ]] || die "$path is a link that leads out of $root" 'make it a relative one'
  [[ $owner == root ]] || return 0
  way=$(namei -mo -- "$path") || die "$path: the way to $end cannot be followed" 'see the message above'
  while read -r mode who _ name; do
    [[ $who == root ]] || { shared=$name; break; }
    case $mode in
      l*) ;;
      ?????w???[tT] | ????????w[tT]) shared=$name ;;
      ?????w* | ????????w*) shared=$name; break ;;
      *) shared='' ;;
    esac
  done < <(tail -n +2 <<<"$way")
  [[ -z $shared ]] || die "$path is a link to $end, and others than root can change $shared, which is on its way" \
    "let only root own and write all that namei -mo $path shows"
}

plan_common() {
  make_program
  make_command
  add common directory root 755 - "$state"
  [[ $node != "$library/standalone" ]] || add common file root 755 "$here/standalone" "$node"
  # Before the program that loads it: in the middle of an upgrade OpenNebula may ask.
  add common file root 644 "$here/dist/agent.cjs" "$library/agent.cjs"
  add common file root 755 "$work/migrate-guard" "$program"
  add common file root 755 "$work/command" /usr/sbin/migrate-guard
  add common file root 755 "$here/install.sh" "$library/install.sh"
  add common file root 644 "$here/dist/installation.cjs" "$library/installation.cjs"
  # What the programs hold of others may be passed on only with its licences.
  add common file root 644 "$here/dist/licenses.txt" "$library/licenses.txt"
  add common file root 644 "$here/dist/man/migrate-guard.1" /usr/share/man/man1/migrate-guard.1
  add common file root 644 "$here/dist/completion/migrate-guard.bash" /usr/share/bash-completion/completions/migrate-guard
  add common config root 644 "$config_source" "$config"
  # What it says, for scripts that find no Node; after a change of it `doctor` writes this file.
  make_fallback
  add common generated root 644 "$work/fallback" "$fallback"
}

make_fallback() {
  has_sources || return 0
  if is_kept "$config"; then cp -- "$work/configured" "$work/fallback"; return; fi
  cat -- "$config_source" >"$work/installed.yaml"
  tool fallback "$work/installed.yaml" >"$work/fallback" || exit 1
}

# sudo lets OpenNebula's user start this file: so it names its Node, and no variable of the caller reaches it.
make_program() {
  local first="#!/usr/bin/env -S -i PATH=$program_path SUDO_USER=\${SUDO_USER} $node"
  [[ $node =~ ^[A-Za-z0-9/._+-]+$ ]] || die "the path of Node has odd characters: $node" 'install it below /usr'
  # Kernels before 5.1 cut it there.
  ((${#first} < 127)) || die "the path of Node is too long: $node" 'install it below /usr'
  { say "$first"; ! has_sources || tail -n +2 "$here/dist/migrate-guard.cjs"; } >"$work/migrate-guard"
}

# The admin's command keeps its environment: terminal, ssh agent, DEBUGINFOD_URLS.
make_command() {
  # shellcheck disable=SC2016 # "$@" is the command's
  printf '#!/bin/sh\nexec %s %s "$@"\n' "$node" "$program" >"$work/command"
}

plan_frontend() {
  local file
  while IFS= read -r file; do
    add frontend file oneadmin "$(wanted_mode "$file")" "$here/$file" "/var/lib/one/$file"
  done < <(cd "$here" && find remotes -type f ! -name '.*' | sort)
  add frontend file oneadmin 644 "$here/dist/plugin.cjs" "$remotes/migrate-guard/plugin.cjs"
  # What was done for each VM; the drivers make it, too, where it is missing (src/opennebula/record-file.ts).
  add frontend directory oneadmin 750 - "${remotes%/remotes}/migrate-guard"
  for file in "$here"/hooks/*.tmpl; do
    [[ ! -e $file ]] || add frontend file root 644 "$file" "$library/hooks/${file##*/}"
  done
}

# A site leaves a probe out by chmod -x (docs/opennebula.md), and it stays out, also where an upgrade of OpenNebula took it.
wanted_mode() {
  local path=/var/lib/one/$1
  if [[ $1 == */*-probes.d/* && -f $root$path && ! -x $root$path ]]; then say 644
  elif [[ $1 == */*-probes.d/* && ! -e $root$path && ${old[$path]:-} == *"${tab}644$tab"* ]]; then say 644
  else mode_of "$here/$1"; fi
}

# As git knows modes, whatever the umask of the checkout.
mode_of() { if [[ -x $1 ]]; then say 755; else say 644; fi; }

plan_host() {
  make_sudoers
  printf '%s {\n    size 16M\n    rotate 12\n    compress\n    missingok\n    notifempty\n}\n' \
    '/var/log/migrate-guard/*.log' >"$work/logrotate"
  add host directory root 755 - "$state/layouts"
  add host directory root 750 - /var/log/migrate-guard
  add host file root 440 "$work/sudoers" /etc/sudoers.d/migrate-guard
  [[ ! -d $root/etc/logrotate.d ]] || add host config root 644 "$work/logrotate" /etc/logrotate.d/migrate-guard
}

# The one door to root. Exactly this argument, no wildcard; and no variable, whatever other rules keep. Only what both sudo
# and sudo-rs take: the machine may change from one to the other, and sudo-rs has no setenv or requiretty for Defaults.
make_sudoers() {
  local said
  cat >"$work/sudoers" <<TEXT
# migrate-guard: what OpenNebula's drivers may run here as root.
Defaults!$program env_reset, !env_keep, !env_check
$user ALL=(root) NOPASSWD: NOSETENV: $program host
TEXT
  # sudo-rs says, even with -q, that it found nothing.
  said=$(visudo -cqf "$work/sudoers" 2>&1) || die "visudo refuses the sudoers file: $said" 'report it'
}

# ---- The manifest: ROLE KIND MODE UID:GID SHA256 PATH, with tabs -------------------------------------------------------

# Its lines by path, as an earlier run left them.
declare -A old=()
read_manifest() {
  local line
  [[ -r $root$manifest ]] || return 0
  while IFS= read -r line; do old[${line##*"$tab"}]=$line; done <"$root$manifest"
}

has_role() { [[ -r $root$manifest ]] && grep -q "^$1$tab" "$root$manifest"; }

# What is to be removed some day: of this role and the common one as planned, of the other one as it was.
make_manifest() {
  local role kind owner mode source path line other
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    if [[ $kind == config ]] && is_kept "$path" && [[ -n ${old[$path]:-} ]]; then
      say "${old[$path]}"
    else
      # Its contents are those of the configuration.
      [[ $kind != generated ]] || source=-
      printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$role" "$kind" "$mode" "$(ids_of "$owner")" "$(sha_of "$source")" "$path"
    fi
  done
  other=frontend
  [[ $action == host ]] || other=host
  ! has_role "$other" || grep "^$other$tab" "$root$manifest"
}

write_manifest() {
  cat >"$root$manifest.new"
  chmod 644 "$root$manifest.new"
  mv -f "$root$manifest.new" "$root$manifest"
}

# Lines of an earlier release whose paths are not installed any more.
stale_lines() {
  local path
  for path in "${!old[@]}"; do
    [[ ${old[$path]} != common* && ${old[$path]} != "$action"* || -n ${planned[$path]:-} ]] || say "${old[$path]}"
  done
}

sha_of() { if [[ $1 == - ]]; then say -; else sha256sum <"$1" | cut -d ' ' -f 1; fi; }
ids_of() { if [[ $1 == root ]]; then say 0:0; else say "$uid:$gid"; fi; }

# ---- Effects on files --------------------------------------------------------------------------------------------------

# What lies in OpenNebula's own tree is written by its user: root follows no link that this user may have planted.
as_owner() {
  local ids=$1 status=0 input said teller
  shift
  if [[ $ids == 0:0 ]]; then "$@"; return; fi
  exec {input}<&0 {said}> >(shown >&2)
  teller=$!
  # Ctrl-C does not reach the other session. Set here, for a subshell has no traps of its parent's.
  trap 'end_session; trap - INT; kill -s INT "$BASHPID"' INT
  trap 'end_session; trap - TERM; kill -s TERM "$BASHPID"' TERM
  trap 'end_session; trap - HUP; kill -s HUP "$BASHPID"' HUP
  isolated "$ids" "$@" < <(cat <&"$input") >&"$said" 2>&1 &
  session=$!
  exec {input}<&- {said}>&-
  wait "$session" || status=$?
  # What it may have left there would keep its output open.
  end_session
  wait "$teller" || true
  trap - INT TERM HUP
  return "$status"
}

session=''
end_session() {
  [[ -z $session ]] || kill -s KILL -- "-$session" 2>/dev/null || true
  session=''
}

# Who owns a process can trace it, and may not come by root's terminal by that, which takes what is typed into it by a
# program as well (TIOCSTI of ioctl_tty(2)): it gets a session of its own, none of root's variables, and only three pipes.
isolated() {
  local ids=$1 fd
  shift
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    ((fd < 3)) || exec {fd}>&-
  done
  exec env -i PATH="$program_path" LC_ALL=C setsid \
    setpriv --reuid="${ids%:*}" --regid="${ids#*:}" --clear-groups -- "$@"
}

# Renamed into place, so that a script that starts meanwhile is whole.
put() {
  local owner=$1 mode=$2 source=$3 path=$4
  say "file       $path ($owner, $mode)"
  [[ -z $dry_run ]] || return 0
  # shellcheck disable=SC2016 # its own variables
  as_owner "$(ids_of "$owner")" sh -c 'umask 077; new=$2.migrate-guard-new; rm -f -- "$new"
    cat >"$new" && chmod "$1" "$new" && mv -fT -- "$new" "$2"' sh "$mode" "$root$path" <"$source" ||
    die "$root$path cannot be written by $owner" 'see the message above'
}

make_directory() {
  local owner=$1 mode=$2 path=$3
  say "directory  $path ($owner, $mode)"
  [[ -z $dry_run ]] || return 0
  as_owner "$(ids_of "$owner")" mkdir -m "$mode" -- "$root$path" </dev/null || die "$root$path cannot be made by $owner" 'see above'
}

# Only what we have put there is replaced. Where the sources are not unpacked yet, contents cannot be compared.
refuse_what_is_in_the_way() {
  local role kind owner mode source path line
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    refuse_unwritable "$owner" "$(dirname "$path")"
    [[ -e $root$path || -L $root$path ]] || continue
    if [[ -L $root$path ]] || [[ $kind == directory && ! -d $root$path ]] || [[ $kind != directory && ! -f $root$path ]]; then
      die "$root$path is in the way: it is no plain ${kind/generated/file}" 'move it away'
    fi
    [[ $kind != file || -n ${old[$path]:-} ]] || ! has_sources || cmp -s -- "$source" "$root$path" ||
      die "$root$path is in the way: it does not belong to migrate-guard" 'move it away'
  done
}

refuse_unwritable() {
  [[ $1 != root && -d $root$2 ]] || return 0
  as_owner "$(ids_of "$1")" test -w "$root$2" </dev/null ||
    die "$root$2 cannot be written by $1" "give it to $1, as OpenNebula's packages do"
}

# A configuration that is there stays, but for what --set-vm-mad has to put into an untouched one.
is_kept() { [[ -e $root$1 && ! ($1 == "$config" && -n $replaces_config) ]]; }

apply() {
  local role kind owner mode source path line
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    if [[ $kind == directory ]]; then
      [[ -d $root$path ]] || make_directory "$owner" "$mode" "$path"
    elif [[ $kind == config ]] && is_kept "$path"; then
      say "kept       $path"
    elif [[ -e $root$path ]] && cmp -s -- "$source" "$root$path" &&
      [[ $(stat -c '%a %u:%g' "$root$path") == "$mode $(ids_of "$owner")" ]]; then
      say "unchanged  $path"
    else
      put "$owner" "$mode" "$source" "$path"
    fi
  done
}

# remove_listed: the manifest's lines on stdin. Files first, then directories from the inside out, when they are empty.
remove_listed() {
  local role kind mode ids sha path
  sort -t "$tab" -k 6,6r | while IFS=$tab read -r role kind mode ids sha path; do
    if [[ $kind == directory ]]; then
      [[ -d $root$path ]] || continue
      if [[ -n $dry_run ]]; then say "removed    $path, if it is empty"
      elif as_owner "$ids" rmdir -- "$root$path" </dev/null 2>/dev/null; then say "removed    $path"
      else say "left       $path: it is not empty"; fi
      continue
    fi
    [[ -e $root$path || -L $root$path ]] || continue
    if [[ ! -f $root$path || -L $root$path ]]; then say "left       $path: it is no file of ours any more"; continue; fi
    if [[ $kind != generated && $(sha_of "$root$path") != "$sha" ]]; then
      if [[ $kind == config ]]; then say "left       $path: it was changed"; continue; fi
      say "removed    $path, although it was changed"
    else
      say "removed    $path"
    fi
    [[ -n $dry_run ]] || as_owner "$ids" rm -f -- "$root$path" </dev/null
  done
}

# ---- oned.conf (src/opennebula/model/vm-mad.ts) ------------------------------------------------------------------------------

config_source=$here/config/config.yaml
replaces_config=''

# The part of the work that is no shell: vm-mad ACTION …, verify ROOT, read-paths
tool() {
  local file=$here/dist/installation.cjs
  [[ -r $file ]] || file=$here/installation.cjs
  # OpenNebula's own command line may be elsewhere, and runs as its user.
  PATH=$program_path:$callers_path "$tools_node" "$file" "$@"
}

# Drivers that stood in the slots before are what the guard has to run: they go into an untouched configuration.
plan_movers() {
  local movers sha
  [[ -z $set_vm_mad ]] || tool vm-mad may-set "$root$oned_conf" "$root$oned_backup" || exit
  movers=$(tool vm-mad movers "$root$oned_conf") || exit
  [[ -n $movers ]] || return 0
  if [[ -z $(missing_movers "$movers") ]]; then return 0; fi
  if [[ -e $root$config ]]; then
    sha=$(sha_of "$root$config")
    [[ ${old[$config]:-} == *"$tab$sha$tab"* || $sha == "$(sha_of "$here/config/config.yaml")" ]] || {
      say_movers "$config was changed by hand. For the drivers that oned.conf names now, it needs:" "$movers" >&2
      [[ -z $set_vm_mad ]] || die 'oned.conf is left as it is' "add these lines to $config, and run this again"
      return 0
    }
  fi
  if [[ -z $set_vm_mad ]]; then
    say_movers "Before oned.conf is changed, $config needs (--set-vm-mad does both):" "$movers"
    return 0
  fi
  with_movers "$movers" <"$config_source" >"$work/config.yaml"
  config_source=$work/config.yaml replaces_config=1
}

say_movers() {
  local line
  say "$1" '' 'opennebula:'
  while IFS= read -r line; do say "  ${line%%=*}: ${line#*=}"; done <<<"$2"
  say ''
}

missing_movers() {
  local line
  while IFS= read -r line; do
    [[ $(configured "OPENNEBULA_$(tr a-z A-Z <<<"${line%%=*}")") == "${line#*=}" ]] || say "$line"
  done <<<"$1"
}

# The shipped configuration with the keys in question uncommented.
with_movers() {
  local line script=(-e 's/^# opennebula:/opennebula:/')
  while IFS= read -r line; do
    script+=(-e "s|^#   ${line%%=*}: .*|  ${line%%=*}: ${line#*=}|")
  done <<<"$1"
  sed "${script[@]}"
}

select_drivers() {
  if [[ -n $set_vm_mad && -z $dry_run ]]; then
    tool vm-mad set "$root$oned_conf" "$root$oned_backup" || exit
  else
    tool vm-mad show "$root$oned_conf" || exit
  fi
}

# ---- frontend, host, verify, uninstall ---------------------------------------------------------------------------------

install_role() {
  refuse_what_is_in_the_way
  make_manifest >"$work/manifest"
  stale_lines >"$work/stale"
  if [[ -z $dry_run ]]; then
    # Before anything else is made, so that a run that is cut short can be undone.
    mkdir -p -- "$root${state%/*}"
    [[ -d $root$state ]] || make_directory root 755 "$state"
    cat "$work/manifest" "$work/stale" | write_manifest
  fi
  apply
  remove_listed <"$work/stale"
  [[ -n $dry_run ]] || write_manifest <"$work/manifest"
}

install_frontend() {
  need_build; need_machine; read_manifest
  plan_movers; plan_common; plan_frontend
  install_role
  select_drivers
  cat <<TEXT

Next, as $user on the front-end:
  onehost sync -f                     copies the scripts to the hosts
then, as root:
  systemctl restart opennebula        once VM_MAD is set as above
  install.sh host                     on each KVM host, of this same release
  migrate-guard doctor                is everything in place?
For a site that cannot touch VM_MAD, instead of that line, as $user (docs/opennebula.md):
  onehook create $library/hooks/…
TEXT
}

install_host() {
  need_build; need_machine; read_manifest
  plan_common; plan_host
  install_role
  if [[ -z $dry_run && -z $root ]]; then try_door; fi
  [[ -n $dry_run || -n $root ]] || tool read-paths || exit
  say '' 'Next: migrate-guard doctor tells whether everything is in place.'
}

# Without a terminal, as OpenNebula's drivers have none.
try_door() {
  local said
  said=$(setsid --wait sudo -n -l -U "$user" "$program" host 2>&1 </dev/null) && return
  if [[ $said == *' tty '* ]]; then
    # A site may have made an exception, and only for the command itself it counts.
    said=$(as_owner "$uid:$gid" sudo -n "$program" host </dev/null 2>&1) || true
    [[ $said == *' tty '* ]] || return 0
    die 'sudo wants a terminal (requiretty)' "add to a file of your own in /etc/sudoers.d:  Defaults!$program !requiretty"
  fi
  die 'sudo does not read /etc/sudoers.d' 'add to /etc/sudoers:  @includedir /etc/sudoers.d'
}

verify() {
  local settings=''
  need_node
  [[ ! -e $root$config ]] || settings=$root$config
  tool verify "$root" "$settings"
}

uninstall() {
  [[ -r $root$manifest ]] || nothing_installed "$root$manifest is not there"
  lines_to_remove >"$work/gone"
  [[ -s $work/gone ]] || nothing_installed "this machine has no $half half"
  if has_role frontend && [[ $half != host ]]; then refuse_callers; deselect_drivers; fi
  # The manifest goes last but for its own directory, and what is above it in a staging tree.
  local own="$tab(/var|/var/lib|$state)\$"
  grep -vxFf "$work/gone" "$root$manifest" >"$work/kept" || true
  grep -vE "$own" "$work/gone" | remove_listed
  if [[ -n $dry_run ]]; then :
  elif [[ -s $work/kept ]]; then write_manifest <"$work/kept"
  else rm -f -- "$root$manifest"; fi
  { grep -E "$own" "$work/gone" || true; } | remove_listed
  ! grep -q "^frontend$tab" "$work/gone" || cat <<TEXT

Next: systemctl restart opennebula, if oned.conf has changed; as $user: onehook list and onehook delete for the hooks
of migrate-guard; onehost sync -f, which removes the scripts from the hosts, too.
The attributes MIGRATE_GUARD… in the MONITORING of VMs keep their last values, which nothing renews. To clear them, and
all other monitoring of VMs: VM_MONITORING_EXPIRATION_TIME = 0 in /etc/one/monitord.conf, systemctl restart opennebula,
then without that line once more.
TEXT
}

# Scripts of the site that call ours (docs/opennebula.md, as in src/doctor/check-tm-scripts.ts): what is not there
# any more would be a veto of every live migration.
refuse_callers() {
  local file found=() stock
  for stock in "$root$remotes"/tm/*/{pre,fail}migrate "$root$remotes"/vmm/kvm/{migrate,save} \
    "$root$remotes"/{,datastore/,tm/storpool/}addon-storpoolrc "$root"/etc/storpool/addon-storpool.conf; do
    [[ $stock == */tm/migrate-guard/* ]] || found+=("$stock")
  done
  # What lies there is written by OpenNebula's user: no pipe or device is opened.
  file=$(grep -lsE -D skip '^([^#]|[^[:space:]]#+)*migrate-guard/' -- "${found[@]}" || true)
  [[ -z $file ]] || die "migrate-guard is called by ${file//$'\n'/, }: without it every live migration there would fail" \
    "take its lines out, or put the stock script back, then onehost sync -f, and run this again"
}

# Before the drivers go: oned would call what is not there. Node may have gone first, where a package manager removes both:
# so it is needed only if there is something to take back.
deselect_drivers() {
  local text='' settings=()
  [[ ! -e $root$oned_conf ]] || text=$(cat -- "$root$oned_conf") || die "$root$oned_conf cannot be read" 'see the message above'
  leave_older_backups
  if [[ ! $text =~ (migrate|save)-guard ]]; then leave_backup; return; fi
  need_node
  [[ ! -e $root$config ]] || settings=("$root$config")
  tool vm-mad "${dry_run:+show-}restore" "$root$oned_conf" "$root$oned_backup" "${settings[@]}" || exit
}

leave_older_backups() {
  local file
  for file in "$root$oned_backup".[0-9]*; do
    [[ ! -e $file ]] || say "left       ${file#"$root"}: it is oned.conf as it was before an earlier --set-vm-mad"
  done
}

# The ARGUMENTS were taken back by hand: what is kept of oned.conf goes only if it tells nothing that oned.conf does not.
leave_backup() {
  [[ -e $root$oned_backup ]] || return 0
  if cmp -s -- "$root$oned_conf" "$root$oned_backup"; then
    say "removed    $oned_backup"
    [[ -n $dry_run ]] || rm -f -- "$root$oned_backup"
  else
    say "left       $oned_backup: it is oned.conf as it was before --set-vm-mad"
  fi
}

# What both halves share stays with the other one.
lines_to_remove() {
  local other=frontend
  [[ $half == frontend ]] && other=host
  if [[ -z $half ]] || ! has_role "$other"; then
    [[ -z $half ]] || has_role "$half" || return 0
    cat "$root$manifest"
  else
    grep "^$half$tab" "$root$manifest" || true
  fi
}

# Who names a half wants it to be gone; who names none expects one.
nothing_installed() {
  [[ -n $half ]] || die "nothing is installed: $1" 'nothing to do'
  say "nothing to do: $1"
  exit 0
}

read_arguments "$@"
need_root
refuse_foreign_sources
[[ -z $check ]] || { check_machine; exit; }
case $action in
  frontend) install_frontend ;;
  host) install_host ;;
  verify) verify ;;
  uninstall) uninstall ;;
esac
exit
