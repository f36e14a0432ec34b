#!/bin/bash
# Installs migrate-guard on an OpenNebula front-end or on a KVM host, as root. It adds files and edits none but, with
# --set-vm-mad, one line of oned.conf. What it installs is written down in a manifest, and uninstall removes that.
# Every file, its owner, and why it is there: docs/what-it-does.md.
set -euo pipefail
umask 022
export LC_ALL=C
# This script and the program search only here: the caller's PATH may name directories that users other than root can write.
# Only Node is searched for there, too.
program_path=/usr/sbin:/usr/bin:/sbin:/bin
callers_path=${PATH:-}
export PATH=$program_path

usage() {
  cat <<'TEXT'
Usage: install.sh frontend [--set-vm-mad]    on the OpenNebula front-end
       install.sh host                       on each KVM host
       install.sh verify                     lists what is missing or was changed, for example by an upgrade
       install.sh uninstall [frontend|host]  removes what was installed on this machine
Options: --dry-run       only print what would be done
         --check         only check that frontend or host can be installed on this machine
         --root DIR      work on the file tree below DIR (for packages and tests); users are those of its /etc/passwd
         --set-vm-mad    select the drivers in oned.conf; without it the line to set is only printed
         --watch         with host: start the watcher of this host now and at each boot
Exit status: 0 done, or all is in place; 1 refused, or something is missing; 64 usage; 77 not root
TEXT
}

# ---- Where things are ------------------------------------------------------------------------------------------------

here=$(readlink -f -- "${BASH_SOURCE[0]:-$0}")
here=${here%/*}
state=/var/lib/migrate-guard
library=/usr/lib/migrate-guard
units=/usr/lib/systemd/system
watcher=migrate-guard-watch.service
remotes=/var/lib/one/remotes
config=/etc/migrate-guard/config.yaml
fallback=/etc/migrate-guard/fallback.env
oned_conf=/etc/one/oned.conf
program=$library/migrate-guard
manifest=$state/manifest
oned_backup=$oned_conf.before-migrate-guard
config_source=$here/config/config.yaml
replaces_config=''
tab=$'\t'

action='' part='' root='' dry_run='' check='' set_vm_mad='' watch='' node='' tools_node=''
uid=0 gid=0 user=oneadmin
# By the owner's name in the plan. OpenNebula's user may have another name on this machine.
declare -A ids=([root]=0:0)
declare -A part_names=([frontend]='no plugin' [host]='no agent')

# ---- Words -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$@"; }

# Names and versions may come from OpenNebula's user: control characters do not reach the terminal, except newlines and tabs.
# Ends the subshell in which it runs.
shown() { exec tr -c '[:print:]\n\t' '?'; }

# die WHAT REMEDY [STATUS]
die() {
  printf 'install.sh: %s\n  -> %s\n' "$1" "$2" | shown >&2
  exit "${3:-1}"
}

read_arguments() {
  while (($# > 0)); do
    case $1 in
      frontend | host) read_part "$1" ;;
      verify | uninstall) [[ -z $action ]] || usage_error 'one action only'; action=$1 ;;
      --dry-run) dry_run=1 ;;
      --check) check=1 ;;
      --set-vm-mad) set_vm_mad=1 ;;
      --watch) watch=1 ;;
      --root) [[ -n ${2:-} ]] || usage_error '--root needs a directory'; root=$2; shift ;;
      --root=?*) root=${1#--root=} ;;
      -h | --help) usage; exit 0 ;;
      *) usage_error "unknown argument $1" ;;
    esac
    shift
  done
  [[ -n $action ]] || usage_error 'no action given'
  [[ -z $set_vm_mad || $action == frontend ]] || usage_error '--set-vm-mad belongs to frontend'
  [[ -z $watch || ($action == host && -z $root) ]] || usage_error '--watch belongs to host, and not to --root'
  [[ -z $check || $action == "$part" ]] || usage_error '--check belongs to frontend and host'
  [[ -z $root ]] || root=$(cd "$root" 2>/dev/null && pwd) || die 'the directory given with --root does not exist' 'create it first'
  [[ $root != / ]] || root=''
}

# `frontend` and `host` are actions, and after `uninstall` they name what to uninstall.
read_part() {
  [[ -z $part && (-z $action || $action == uninstall) ]] || usage_error 'one action only'
  part=$1
  [[ -n $action ]] || action=$1
}

usage_error() {
  printf 'install.sh: %s\n' "$1" >&2
  usage >&2
  exit 64
}

# ---- Requirements ---------------------------------------------------------------------------------------------------

need_root() { ((EUID == 0)) || die 'must be run as root' 'run it with sudo' 77; }

# Whether users other than root can change or replace a file: root must own each directory of its path. Sets `shared` to the
# first part of the path that they can write.
is_foreign() {
  local path=$1 owner mode found paths=()
  while [[ -n $path ]]; do paths+=("$path"); path=${path%/*}; done
  paths+=(/)
  shared=$1
  found=$(stat -c '%u %a' -- "${paths[@]}") || return 0
  while read -r owner mode; do
    shared=${paths[0]} paths=("${paths[@]:1}")
    ((owner == 0 && (8#$mode & 8#022) == 0)) || return 0
  done <<<"$found"
  return 1
}

# Root chose to run this script. The files next to it, which root runs or installs, may be writable only by users who can
# write this script: root, its owner, and its group if that may write it.
refuse_foreign_sources() {
  local owner=0 group=0 mode=755 name found writable sources=()
  for name in install.sh installation.cjs standalone LICENSE.node dist remotes hooks config; do
    [[ ! -e $here/$name ]] || sources+=("$here/$name")
  done
  ((${#sources[@]} > 0)) || return 0
  [[ ! -e $here/install.sh ]] || read -r owner group mode < <(stat -L -c '%u %g %a' -- "$here/install.sh")
  writable=(-perm /022)
  (((8#$mode & 8#020) == 0)) || writable=(-perm /002 -o -perm /020 ! -gid "$group")
  found=$(find -L "${sources[@]}" \( ! -uid 0 ! -uid "$owner" -o "${writable[@]}" \) -print -quit)
  [[ -z $found ]] || die "$found can be changed by users other than root and the owner of $here/install.sh, and root would run or install it" \
    "check who owns it; then: chown -R root: $here; chmod -R go-w $here"
}

# The real path of a Node that is new enough. Root runs it: root must own it and every directory above it.
# An executable beside this script that contains Node (setup/package/standalone.mjs) takes its place, and is installed with the
# rest. Before a package is unpacked, an empty file stands for it.
need_node() {
  local found end version major minor foreign=''
  /usr/bin/env -S true 2>/dev/null || die '/usr/bin/env does not support -S' 'install coreutils 8.30 or later'
  if [[ -e $here/standalone ]]; then
    [[ ! -s $here/standalone ]] || "$here/standalone" --version >/dev/null || die "$here/standalone does not run here" 'see the message above'
    node=$library/standalone tools_node=$here/standalone
    return
  fi
  for found in /usr/bin/node /usr/local/bin/node "$(PATH=$callers_path command -v node || true)"; do
    [[ -x $found ]] || continue
    end=$(readlink -f -- "$found")
    # It is not run, not even for its version.
    if is_foreign "$end"; then foreign=${foreign:-"$shared can be written by users other than root, and root would run $end"}; continue; fi
    version=$("$end" --version 2>/dev/null) || continue
    IFS=. read -r major minor _ <<<"${version#v}"
    ((major > 20 || (major == 20 && minor >= 11))) 2>/dev/null || continue
    node=$end tools_node=$end
    return
  done
  [[ -z $foreign ]] || die "$foreign" 'install Node system-wide, owned by root'
  die 'Node 20.11 or later is not installed' \
    'install the package nodejs (https://nodejs.org/en/download), or the packages of migrate-guard, which contain it: see docs/install.md'
}

need_build() {
  local name
  [[ $here != *$library ]] || die 'this copy can only verify and uninstall' 'install from the source tree'
  for name in launcher.cjs migrate-guard.cjs agent.cjs plugin.cjs installation.cjs man/migrate-guard.1 completion/migrate-guard.bash; do
    [[ -r $here/dist/$name ]] || die "$here/dist/$name is not built" "cd $here && npm ci && npm run build"
  done
}

# A package runs --check before it unpacks them.
has_sources() { [[ -r $here/dist/migrate-guard.cjs ]]; }

# Before a package is unpacked, no program here reads YAML: an edited configuration is read afterwards.
can_configure() { has_sources || [[ ! -e $root$config ]] || ! grep -qvE '^[[:space:]]*(#|$)' -- "$root$config"; }

# The configuration that is installed, or that will be: its values by their names in fallback.env.
declare -A configured=()
read_configuration() {
  local line file=$root$config
  if [[ ! -e $file ]]; then
    # Only a file of root's is read.
    file=$work/config.default
    cat -- "$config_source" >"$file"
  fi
  tool fallback "$file" >"$work/fallback" || exit 1
  while IFS= read -r line; do configured[${line%%=*}]=${line#*=}; done <"$work/fallback"
}

# The user as which OpenNebula connects to its hosts; numbers, because a staging tree has its own users.
need_oneadmin() {
  [[ $here != *$library ]] || die 'this copy can only verify and uninstall' 'install from the source tree'
  if has_sources; then
    read_configuration
    user=${configured[SSH_USER]}
  fi
  if [[ -z $root ]]; then
    uid=$(id -u "$user" 2>/dev/null) || no_user
    gid=$(id -g "$user")
  else
    IFS=: read -r _ _ uid gid _ < <(grep "^$user:" "$root/etc/passwd" 2>/dev/null) || no_user
  fi
  ids[oneadmin]=$uid:$gid
  ((uid != 0)) || die "$user is root" 'OpenNebula must have a separate user'
}

no_user() { die "the user $user does not exist" "install OpenNebula's packages on this machine first, or set ssh.user in $config"; }

need_frontend() {
  local version=''
  [[ -d $root$remotes ]] || die "this machine is not an OpenNebula front-end: $root$remotes does not exist" \
    'run install.sh frontend on the front-end, and install.sh host on the KVM hosts'
  { IFS= read -r version <"$root$remotes/VERSION"; } 2>/dev/null || true
  [[ $version =~ ^[67]\.[0-9]+ ]] || die "OpenNebula ${version:-of unknown version ($remotes/VERSION)} is not supported" \
    'OpenNebula 6 and 7 are supported; a newer release of migrate-guard may support it'
}

# What the front-end or a host must have, and that each file can be written; not what it is installed from.
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

# The programs that the agent starts are needed on a machine, not in a staging tree.
need_host() {
  need_programs sudo sudo visudo
  [[ -d $root/etc/sudoers.d ]] || die "$root/etc/sudoers.d does not exist" 'install the package sudo'
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

# ---- The plan --------------------------------------------------------------------------------------------------------

# One line per directory and file, with tabs: ROLE KIND OWNER MODE SOURCE PATH. The front-end and hosts share the role `common`.
plan=()
declare -A planned=()
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# add ROLE KIND OWNER MODE SOURCE PATH; adds the directories above PATH, too, if they are missing or were made by an earlier run
add() {
  local role=$1 owner=$3 path=$6 line
  [[ -z ${planned[$path]:-} ]] || return 0
  [[ $path != /*/* ]] || add "$role" directory "$owner" 755 - "${path%/*}"
  if [[ $2 == directory && ${old[$path]:-} != *"${tab}directory$tab"* ]]; then
    # A directory of the system may be a link: /usr/sbin to bin, /var/log to a disk of its own.
    if [[ -L $root$path && $path != */migrate-guard* ]]; then refuse_foreign_link "$owner" "$path"; return 0; fi
    [[ -L $root$path || ! -d $root$path ]] || return 0
  fi
  planned[$path]=1
  printf -v line '%s\t' "$@"
  plan+=("$line")
}

# Root writes only through links that other users cannot change: root must own each link and each directory of the path. In
# a sticky directory they cannot replace root's entries, so it is allowed within the path, but not at its end.
refuse_foreign_link() {
  local owner=$1 path=$root$2 end chain mode who name shared=''
  [[ -d $path ]] || die "$path is a link that does not lead to a directory" 'create or mount its target'
  end=$(readlink -f -- "$path")
  [[ $end == "$root"/* ]] || die "$path is a link that leads out of $root" 'make it a relative link'
  [[ $owner == root ]] || return 0
  chain=$(namei -mo -- "$path") || die "the path from $path to $end cannot be read" 'see the message above'
  while read -r mode who _ name; do
    [[ $who == root ]] || { shared=$name; break; }
    case $mode in
      l*) ;;
      ?????w???[tT] | ????????w[tT]) shared=$name ;;
      ?????w* | ????????w*) shared=$name; break ;;
      *) shared='' ;;
    esac
  done <<<"${chain#*$'\n'}"
  [[ -z $shared ]] || die "$path is a link to $end, and users other than root can change $shared in its path" \
    "make root the owner, and the only writer, of everything that namei -mo $path lists"
}

plan_common() {
  make_program
  make_command
  add common directory root 755 - "$state"
  if [[ $node == "$library/standalone" ]]; then
    add common file root 755 "$here/standalone" "$node"
    # It must accompany each copy of Node.
    add common file root 644 "$here/LICENSE.node" "$library/LICENSE.node"
  fi
  # Before the program that loads them: OpenNebula may start that during an upgrade.
  add common file root 644 "$here/dist/agent.cjs" "$library/agent.cjs"
  add common file root 644 "$here/dist/migrate-guard.cjs" "$library/migrate-guard.cjs"
  add common file root 644 "$here/dist/plugin.cjs" "$library/plugin.cjs"
  add common file root 755 "$work/migrate-guard" "$program"
  add common file root 755 "$work/command" /usr/sbin/migrate-guard
  add common file root 755 "$here/install.sh" "$library/install.sh"
  add common file root 644 "$here/dist/installation.cjs" "$library/installation.cjs"
  # The programs contain packages that may be distributed only with their licences.
  add common file root 644 "$here/dist/licenses.txt" "$library/licenses.txt"
  add common file root 644 "$here/dist/man/migrate-guard.1" /usr/share/man/man1/migrate-guard.1
  add common file root 644 "$here/dist/completion/migrate-guard.bash" /usr/share/bash-completion/completions/migrate-guard
  add common config root 644 "$config_source" "$config"
  # Its values, for scripts that find no Node; after a change of the configuration `doctor` writes this file.
  add common generated root 644 "$work/fallback" "$fallback"
}

# OpenNebula's user may start this file with sudo: so it names its Node, and no variable of the caller reaches it.
make_program() {
  local first="#!/usr/bin/env -S -i PATH=$program_path SUDO_USER=\${SUDO_USER} $node"
  [[ $node =~ ^[A-Za-z0-9/._+-]+$ ]] || die "the path of Node cannot be written in the first line of a script: $node" 'install it below /usr'
  # Kernels before 5.1 cut it there.
  ((${#first} < 127)) || die "the path of Node is too long: $node" 'install it below /usr'
  { say "$first"; ! has_sources || tail -n +2 "$here/dist/launcher.cjs"; } >"$work/migrate-guard"
}

# The admin's command keeps its environment: terminal, ssh agent, DEBUGINFOD_URLS.
make_command() {
  # shellcheck disable=SC2016 # "$@" is the command's
  printf '#!/bin/sh\nexec %s %s "$@"\n' "$node" "$program" >"$work/command"
}

plan_frontend() {
  local file mode
  while IFS= read -r file; do
    choose_mode "$file"
    add frontend file oneadmin "$mode" "$here/$file" "/var/lib/one/$file"
  done < <(cd "$here" && find remotes -type f ! -name '.*' | sort)
  # With packages it is on each host already, of the release of its agent; without them, not each host has one.
  [[ $node == "$library/standalone" ]] ||
    add frontend file oneadmin 644 "$here/dist/plugin.cjs" "$remotes/migrate-guard/plugin.cjs"
  # The record of each VM. The drivers create it, too, if it is missing (src/opennebula/record-file.ts).
  add frontend directory oneadmin 750 - "${remotes%/remotes}/migrate-guard"
  for file in "$here"/hooks/*.tmpl; do
    [[ ! -e $file ]] || add frontend file root 644 "$file" "$library/hooks/${file##*/}"
  done
}

# Sets `mode`: 755 or 644, as in git, independent of the umask of the checkout. A site switches a probe off by chmod -x
# (docs/opennebula.md): it stays off, also after an upgrade of OpenNebula removed it.
choose_mode() {
  local path=/var/lib/one/$1
  mode=755
  if [[ ! -x $here/$1 ]]; then mode=644
  elif [[ $1 != */*-probes.d/* ]]; then :
  elif [[ -f $root$path && ! -x $root$path ]]; then mode=644
  elif [[ ! -e $root$path && ${old[$path]:-} == *"${tab}644$tab"* ]]; then mode=644; fi
}

plan_host() {
  make_sudoers
  printf '%s {\n    size 16M\n    rotate 12\n    compress\n    missingok\n    notifempty\n}\n' \
    '/var/log/migrate-guard/*.log' >"$work/logrotate"
  add host directory root 755 - "$state/layouts"
  add host directory root 750 - /var/log/migrate-guard
  add host file root 440 "$work/sudoers" /etc/sudoers.d/migrate-guard
  [[ ! -d $root$units ]] || add host file root 644 "$here/config/$watcher" "$units/$watcher"
  [[ ! -d $root/etc/logrotate.d ]] || add host config root 644 "$work/logrotate" /etc/logrotate.d/migrate-guard
}

# The only access to root. Exactly this argument, no wildcard; and no variable, whatever other rules keep. Both sudo and
# sudo-rs accept it: the machine may change from one to the other, and sudo-rs does not support setenv and requiretty.
make_sudoers() {
  local output
  cat >"$work/sudoers" <<TEXT
# migrate-guard: what OpenNebula's drivers may run here as root.
Defaults!$program env_reset, !env_keep, !env_check
$user ALL=(root) NOPASSWD: NOSETENV: $program host
TEXT
  # sudo-rs prints, even with -q, that it found no errors.
  output=$(visudo -cqf "$work/sudoers" 2>&1) || die "visudo refuses the sudoers file: $output" 'report it'
}

# ---- The manifest: ROLE KIND MODE UID:GID SHA256 PATH, with tabs -------------------------------------------------------

# Its lines as an earlier run wrote them, and by path; the roles in them.
old_lines=()
declare -A old=() roles=()
read_manifest() {
  local line
  [[ -r $root$manifest ]] || return 0
  mapfile -t old_lines <"$root$manifest"
  for line in "${old_lines[@]}"; do old[${line##*"$tab"}]=$line roles[${line%%"$tab"*}]=1; done
}

has_role() { [[ -n ${roles[$1]:-} ]]; }
other_than() { if [[ $1 == host ]]; then other=frontend; else other=host; fi; }

# Of this role and the common one as planned, of the other one as it was: `lines`. Those of an earlier release whose paths are
# no longer installed: `stale`.
make_manifest() {
  local role kind owner mode source path line other
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    if [[ $kind == config && -n ${old[$path]:-} ]] && is_kept "$path"; then
      lines+=("${old[$path]}")
    else
      # Its contents are those of the configuration.
      [[ $kind != generated ]] || source=-
      lines+=("$role$tab$kind$tab$mode$tab${ids[$owner]}$tab${sums[$source]}$tab$path")
    fi
  done
  other_than "$action"
  for line in "${old_lines[@]}"; do
    if [[ $line == "$other$tab"* ]]; then lines+=("$line")
    elif [[ -z ${planned[${line##*"$tab"}]:-} ]]; then stale+=("$line"); fi
  done
}

# write_manifest LINE…
write_manifest() {
  printf '%s\n' "$@" >"$root$manifest.new"
  chmod 644 "$root$manifest.new"
  mv -f "$root$manifest.new" "$root$manifest"
}

# Size, `MODE UID:GID` and SHA-256 of existing files, by path; `-` stands for a directory of the plan.
declare -A sizes=([-]=-) attributes=() sums=([-]=-)
read_files() {
  local line size mode owner path
  (($# > 0)) || return 0
  while read -rd '' size mode owner path; do
    sizes[$path]=$size attributes[$path]="$mode $owner"
  done < <(stat -L --printf '%s %a %u:%g %n\0' -- "$@")
  while IFS= read -rd '' line; do sums[${line:66}]=${line:0:64}; done < <(sha256sum -z -- "$@")
}

# ---- Changes of files --------------------------------------------------------------------------------------------------

# Files in OpenNebula's own tree are written by its user: root follows no link that this user may have planted.
as_owner() {
  local owner=$1 status=0 input output printer
  shift
  if [[ $owner == 0:0 ]]; then "$@"; return; fi
  exec {input}<&0 {output}> >(shown >&2)
  printer=$!
  # Ctrl-C does not reach the other session. Set here, because a subshell does not inherit its parent's traps.
  trap 'end_session; trap - INT; kill -s INT "$BASHPID"' INT
  trap 'end_session; trap - TERM; kill -s TERM "$BASHPID"' TERM
  trap 'end_session; trap - HUP; kill -s HUP "$BASHPID"' HUP
  isolated "$owner" "$@" < <(exec cat <&"$input") >&"$output" 2>&1 &
  session=$!
  exec {input}<&- {output}>&-
  wait "$session" || status=$?
  # A process that is left there would keep its output open.
  end_session
  wait "$printer" || true
  trap - INT TERM HUP
  return "$status"
}

session=''
end_session() {
  [[ -z $session ]] || kill -s KILL -- "-$session" 2>/dev/null || true
  session=''
}

# A user can trace his own processes, and must not get root's terminal by that, into which a program can type (TIOCSTI of
# ioctl_tty(2)): the process gets its own session, none of root's variables, and no descriptors but three pipes.
isolated() {
  local owner=$1 fd
  shift
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    ((fd < 3)) || exec {fd}>&-
  done
  exec env -i PATH="$program_path" LC_ALL=C setsid \
    setpriv --reuid="${owner%:*}" --regid="${owner#*:}" --clear-groups -- "$@"
}

# Runs as the owner of what it writes, in its own bash. MODE SIZE SHA256 PATH…: directories (SIZE is `-`) and files, whose
# contents are on stdin, one after the other. Renamed when all are complete, so that a script that starts meanwhile is whole.
write_entries() {
  local mode size sum path new lines='' of_mode
  local -A modes=()
  files=()
  trap 'rm -f -- "${files[@]/%/.migrate-guard-new}"' EXIT
  umask 077
  while (($# > 0)); do
    mode=$1 size=$2 sum=$3 path=$4 new=$4.migrate-guard-new
    shift 4
    if [[ $size == - ]]; then mkdir -m "$mode" -- "$path"; continue; fi
    [[ ! -e $new && ! -L $new ]] || rm -f -- "$new"
    files+=("$path") modes[$mode]+=$new$'\t' lines+="$sum  $new"$'\n'
    head -c "$size" >"$new"
  done
  [[ -z $lines ]] || sha256sum --check --quiet <<<"${lines%$'\n'}"
  for mode in "${!modes[@]}"; do
    IFS=$'\t' read -ra of_mode <<<"${modes[$mode]}"
    chmod "$mode" -- "${of_mode[@]}"
  done
  for path in "${files[@]}"; do mv -fT -- "$path.migrate-guard-new" "$path"; done
  trap - EXIT
}

# write_as OWNER LINE…: what lines of the plan name of this owner
write_as() {
  local by=$1 role kind owner mode source path line entries=() sources=()
  shift
  for line; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    [[ $owner == "$by" ]] || continue
    entries+=("$mode" "${sizes[$source]}" "${sums[$source]}" "$root$path")
    [[ $kind == directory ]] || sources+=("$source")
  done
  ((${#entries[@]} > 0)) || return 0
  as_owner "${ids[$by]}" bash -euc "$(declare -f write_entries); write_entries \"\$@\"" bash "${entries[@]}" \
    < <(exec cat -- "${sources[@]}" </dev/null) || die "not all files of $by can be written" 'see the message above'
}

# Only files that we installed are replaced, only in directories that their owner can write. Before a package is unpacked,
# contents cannot be compared.
refuse_what_is_in_the_way() {
  local role kind owner mode source path line files=() directories=()
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    if [[ -f $source ]]; then files+=("$source")
    elif [[ $source != - ]] && has_sources; then die "$source is missing" "cd $here && npm ci && npm run build"; fi
    [[ $owner == root || ! -d $root${path%/*} ]] || directories+=("$root${path%/*}")
    [[ -e $root$path || -L $root$path ]] || continue
    if [[ $kind == directory ]]; then
      [[ -d $root$path && ! -L $root$path ]] || die "$root$path is in the way: it is not a directory" 'move it away'
    else
      [[ -f $root$path && ! -L $root$path ]] || die "$root$path is in the way: it is not a regular file" 'move it away'
      files+=("$root$path")
    fi
  done
  read_files "${files[@]}"
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    [[ $kind != file || -n ${old[$path]:-} || ! -e $root$path ]] || ! has_sources ||
      [[ ${sums[$source]} == "${sums[$root$path]}" ]] ||
      die "$root$path is in the way: it does not belong to migrate-guard" 'move it away'
  done
  ((${#directories[@]} == 0)) || refuse_unwritable "${directories[@]}"
}

refuse_unwritable() {
  local status=0
  # shellcheck disable=SC2016 # its own variables
  as_owner "${ids[oneadmin]}" bash -c 'for path; do [[ -w $path ]] || exit "$#"; shift; done' bash "$@" </dev/null || status=$?
  ((status == 0)) || die "${*: -status:1} cannot be written by oneadmin" "give it to oneadmin, as OpenNebula's packages do"
}

# An existing configuration stays; --set-vm-mad may have to replace one that was not edited.
is_kept() { [[ -e $root$1 && ! ($1 == "$config" && -n $replaces_config) ]]; }

apply() {
  local role kind owner mode source path line changes=()
  for line in "${plan[@]}"; do
    IFS=$tab read -r role kind owner mode source path <<<"$line"
    if [[ $kind == directory ]]; then
      [[ ! -d $root$path ]] || continue
      say "directory  $path ($owner, $mode)"
    elif [[ $kind == config ]] && is_kept "$path"; then
      say "kept       $path"
      continue
    elif [[ ${sums[$root$path]:-} == "${sums[$source]}" && ${attributes[$root$path]} == "$mode ${ids[$owner]}" ]]; then
      say "unchanged  $path"
      continue
    else
      say "file       $path ($owner, $mode)"
    fi
    changes+=("$line")
  done
  [[ -z $dry_run ]] || return 0
  write_as root "${changes[@]}"
  write_as oneadmin "${changes[@]}"
}

# remove_listed LINE…: of the manifest. Files first, then directories from the inside out, when they are empty.
remove_listed() {
  local role kind mode owner sum path line lines present=()
  local -A files=() directories=()
  (($# > 0)) || return 0
  mapfile -t lines < <(printf '%s\n' "$@" | sort -t "$tab" -k 6,6r)
  for line in "${lines[@]}"; do
    path=$root${line##*"$tab"}
    [[ ! -f $path || -L $path ]] || present+=("$path")
  done
  read_files "${present[@]}"
  present=()
  for line in "${lines[@]}"; do
    IFS=$tab read -r role kind mode owner sum path <<<"$line"
    if [[ $kind == directory ]]; then
      [[ ! -d $root$path ]] || { directories[$owner]+=$root$path$tab; present+=("$path"); }
      continue
    fi
    [[ -e $root$path || -L $root$path ]] || continue
    if [[ ! -f $root$path || -L $root$path ]]; then say "left       $path: it is no longer a regular file"; continue; fi
    if [[ $kind == generated || ${sums[$root$path]:-} == "$sum" ]]; then say "removed    $path"
    elif [[ $kind == config ]]; then say "left       $path: it was changed"; continue
    else say "removed    $path, although it was changed"; fi
    files[$owner]+=$root$path$tab
  done
  [[ -n $dry_run ]] || remove_found
  for path in "${present[@]}"; do
    if [[ -n $dry_run ]]; then say "removed    $path, if it is empty"
    elif [[ -d $root$path ]]; then say "left       $path: it is not empty"
    else say "removed    $path"; fi
  done
}

# `files` and `directories`, by owner: root's directories last, because they may contain others.
remove_found() {
  local owner paths
  for owner in "${!files[@]}"; do
    IFS=$tab read -ra paths <<<"${files[$owner]}"
    as_owner "$owner" rm -f -- "${paths[@]}" </dev/null
  done
  for owner in "${!directories[@]}" 0:0; do
    IFS=$tab read -ra paths <<<"${directories[$owner]:-}"
    ((${#paths[@]} == 0)) || as_owner "$owner" rmdir -- "${paths[@]}" </dev/null 2>/dev/null || true
  done
}

# ---- oned.conf (src/opennebula/model/vm-mad.ts) ------------------------------------------------------------------------------

# The part that is not shell: vm-mad ACTION …, fallback FILE, verify ROOT, read-paths
tool() {
  local file=$here/dist/installation.cjs
  [[ -r $file ]] || file=$here/installation.cjs
  # OpenNebula's own commands may be elsewhere, and run as its user.
  PATH=$program_path:$callers_path "$tools_node" "$file" "$@"
}

# The drivers that oned.conf names now are the movers that the guard has to run: they go into a configuration that was not
# edited.
plan_movers() {
  local movers
  [[ -z $set_vm_mad ]] || tool vm-mad may-set "$root$oned_conf" "$root$oned_backup" || exit
  movers=$(tool vm-mad movers "$root$oned_conf") || exit
  [[ -n $movers ]] || return 0
  ! has_movers "$movers" || return 0
  if [[ -e $root$config ]]; then
    read_files "$root$config" "$config_source"
    [[ ${old[$config]:-} == *"$tab${sums[$root$config]}$tab"* || ${sums[$root$config]} == "${sums[$config_source]}" ]] || {
      say_movers "$config was changed by hand. For the drivers that oned.conf names now, it needs:" "$movers" >&2
      [[ -z $set_vm_mad ]] || die 'oned.conf was not changed' "add these lines to $config, and run this again"
      return 0
    }
  fi
  if [[ -z $set_vm_mad ]]; then
    say_movers "Before oned.conf is changed, $config needs (--set-vm-mad does both):" "$movers"
    return 0
  fi
  with_movers "$movers" <"$config_source" >"$work/config.yaml"
  config_source=$work/config.yaml replaces_config=1
  tool fallback "$config_source" >"$work/fallback" || exit
}

say_movers() {
  local line
  say "$1" '' 'opennebula:'
  while IFS= read -r line; do say "  ${line%%=*}: ${line#*=}"; done <<<"$2"
  say ''
}

has_movers() {
  local line key
  while IFS= read -r line; do
    key=${line%%=*}
    [[ ${configured[OPENNEBULA_${key^^}]:-} == "${line#*=}" ]] || return 1
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
  local verb=show
  [[ -z $set_vm_mad || -n $dry_run ]] || verb=set
  tool vm-mad "$verb" "$root$oned_conf" "$root$oned_backup" || exit
}

# ---- frontend, host, verify, uninstall ---------------------------------------------------------------------------------

install_role() {
  local lines=() stale=()
  refuse_what_is_in_the_way
  make_manifest
  if [[ -z $dry_run ]]; then
    # Before anything else is made, so that a run that is cut short can be undone.
    [[ -d $root$state ]] || { say "directory  $state (root, 755)"; mkdir -p -- "$root$state"; }
    write_manifest "${lines[@]}" "${stale[@]}"
  fi
  apply
  remove_listed "${stale[@]}"
  [[ -n $dry_run ]] || write_manifest "${lines[@]}"
}

install_frontend() {
  need_build; need_machine; read_manifest
  plan_movers; plan_common; plan_frontend
  install_role
  # Of a host that is a front-end, too: the program, and the Node in it, may be others now.
  start_watcher
  select_drivers
  cat <<TEXT

Next, as $user on the front-end:
  onehost sync -f                     copies the scripts to the hosts; they need this same release there
then, as root:
  systemctl restart opennebula        once VM_MAD is set as above
  install.sh host                     on each KVM host, of this same release
  migrate-guard doctor                checks everything
If VM_MAD cannot be changed on your site, instead of that line, as $user (docs/opennebula.md):
  onehook create $library/hooks/…
TEXT
}

install_host() {
  need_build; need_machine; read_manifest
  [[ -z $watch ]] || need_systemd
  plan_common; plan_host
  install_role
  start_watcher
  if [[ -z $dry_run && -z $root ]]; then try_sudo; fi
  [[ -n $dry_run || -n $root ]] || tool read-paths || exit
  say '' 'Next: migrate-guard doctor checks everything.'
}

# ---- The watcher, a service of systemd -----------------------------------------------------------------------------------

# Whether systemd runs on this machine (sd_booted(3)), and nothing is only tried or staged.
has_systemd() { [[ -z $root && -d /run/systemd/system ]]; }

need_systemd() {
  has_systemd && [[ -d $units ]] && command -v systemctl >/dev/null ||
    die "--watch needs systemd and its directory $units, which are not here" 'start migrate-guard watch by what starts services on this machine'
}

# A watcher that runs already gets the new program.
start_watcher() {
  [[ -z $dry_run && -e $root$units/$watcher ]] && has_systemd || return 0
  systemctl daemon-reload || die 'systemd does not read its units again' 'see the message above'
  if [[ -n $watch ]]; then
    systemctl enable --quiet "$watcher" || die "$watcher was not enabled" 'see the message above'
    systemctl restart "$watcher" || die "$watcher was not started" "see systemctl status $watcher"
    say "started    $watcher"
  elif systemctl is-active --quiet "$watcher"; then
    systemctl restart "$watcher" || say "not started again: $watcher; see systemctl status $watcher"
  fi
}

# Before its program is removed.
stop_watcher() {
  [[ -e $root$units/$watcher ]] && has_systemd || return 0
  say "stopped    $watcher"
  [[ -z $dry_run ]] || return 0
  systemctl disable --now --quiet "$watcher" || die "$watcher was not stopped" 'see the message above'
  stopped=1
}

# Without a terminal, as OpenNebula's drivers have none.
try_sudo() {
  local output
  output=$(setsid --wait sudo -n -l -U "$user" "$program" host 2>&1 </dev/null) && return
  if [[ $output == *' tty '* ]]; then
    # A site may have made an exception, which holds only for the command itself.
    output=$(as_owner "$uid:$gid" sudo -n "$program" host </dev/null 2>&1) || true
    [[ $output == *' tty '* ]] || return 0
    die 'sudo requires a terminal (requiretty)' "add to a separate file in /etc/sudoers.d:  Defaults!$program !requiretty"
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
  local line other stopped='' kept=() gone=() last=()
  [[ -s $root$manifest ]] || nothing_installed "$root$manifest is missing or empty"
  read_manifest
  [[ -z $part ]] || has_role "$part" || nothing_installed "${part_names[$part]} is installed on this machine"
  if has_role frontend && [[ $part != host ]]; then refuse_callers; deselect_drivers; fi
  if has_role host && [[ $part != frontend ]]; then stop_watcher; fi
  other_than "$part"
  for line in "${old_lines[@]}"; do
    # What both use stays as long as the other one does.
    if [[ -n $part && $line != "$part$tab"* ]] && has_role "$other"; then kept+=("$line")
    # Its own directory, and those above it in a staging tree, are removed after the manifest.
    elif [[ $line =~ $tab(/var|/var/lib|$state)$ ]]; then last+=("$line")
    else gone+=("$line"); fi
  done
  remove_listed "${gone[@]}"
  if [[ -n $stopped ]]; then systemctl daemon-reload || true; fi
  if [[ -n $dry_run ]]; then :
  elif ((${#kept[@]} > 0)); then write_manifest "${kept[@]}"
  else rm -f -- "$root$manifest"; fi
  remove_listed "${last[@]}"
  ! has_role frontend || [[ $part == host ]] || cat <<TEXT

Next: systemctl restart opennebula, if oned.conf has changed; as $user: onehook list and onehook delete for the hooks
of migrate-guard; onehost sync -f, which removes the scripts from the hosts, too.
The attributes MIGRATE_GUARD… in the MONITORING of VMs keep their last values, which are no longer updated. To clear them, and
all other monitoring of VMs: VM_MONITORING_EXPIRATION_TIME = 0 in /etc/one/monitord.conf, systemctl restart opennebula,
then remove that line and restart again.
TEXT
}

# Scripts of the site that call ours (docs/opennebula.md, as in src/doctor/check-tm-scripts.ts): without ours, they would veto
# every live migration.
refuse_callers() {
  local file found=() stock
  for stock in "$root$remotes"/tm/*/{pre,fail}migrate "$root$remotes"/vmm/kvm/{migrate,save} \
    "$root$remotes"/{,datastore/,tm/storpool/}addon-storpoolrc "$root"/etc/storpool/addon-storpool.conf; do
    [[ $stock == */tm/migrate-guard/* ]] || found+=("$stock")
  done
  # OpenNebula's user can write there: no pipe or device is opened.
  file=$(grep -lsE -D skip '^([^#]|[^[:space:]]#+)*migrate-guard/' -- "${found[@]}" || true)
  [[ -z $file ]] || die "migrate-guard is called by ${file//$'\n'/, }: without it every live migration there would fail" \
    "remove these lines, or restore the stock script, then run onehost sync -f, and this again"
}

# Before the drivers are removed, or oned would call missing files. A package manager may have removed Node first: so Node is
# needed only if oned.conf has to be changed.
deselect_drivers() {
  local text='' settings=()
  [[ ! -e $root$oned_conf ]] || text=$(<"$root$oned_conf") || die "$root$oned_conf cannot be read" 'see the message above'
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

# The ARGUMENTS were set back by hand: the copy of oned.conf is removed only if it equals oned.conf.
leave_backup() {
  [[ -e $root$oned_backup ]] || return 0
  if cmp -s -- "$root$oned_conf" "$root$oned_backup"; then
    say "removed    $oned_backup"
    [[ -n $dry_run ]] || rm -f -- "$root$oned_backup"
  else
    say "left       $oned_backup: it is oned.conf as it was before --set-vm-mad"
  fi
}

# It is an error only if no part was named.
nothing_installed() {
  [[ -n $part ]] || die "nothing is installed: $1" 'nothing to do'
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
