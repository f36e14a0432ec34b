# The VMM drivers source this file if the guard cannot run: it starts the script that would run without the guard, and
# reports it. In the front-end's own remotes/ that is a local script, which gets Base64; elsewhere it is a host's
# copy, which gets XML.

run_mover() {
    decide "opennebula.$1" "$1" "$2"
    script=$decision
    # OpenNebula does the same: the ssh agent is for the host to which a VM moves (ssh_stream.rb).
    case $1 in
        migrate) agent=yes ;;
        *) agent=no ;;
    esac
    shift
    if [ "${script#frontend:}" = "$MIGRATE_GUARD_SCRIPT" ]; then
        echo "migrate-guard: the configured mover is migrate-guard itself." >&2
        echo "ERROR: migrate-guard: $1: $script is this very script; name the mover in opennebula: of config.yaml" >&2
        exit 64
    fi
    warn "$1" "$4"
    here=$(cd "$remotes" && pwd)
    if ! on_frontend; then
        exec "$here/vmm/kvm/${script#frontend:}" "$@"
    fi
    case $script in
        frontend:*) exec "$here/vmm/kvm/${script#frontend:}" "$@" ;;
    esac
    var=${ONE_LOCATION:+$ONE_LOCATION/}var
    [ -n "$ONE_LOCATION" ] || var=/var/lib/one
    base=$(sed -n "s/^SCRIPTS_REMOTE_DIR=['\"]*\([^'\"]*\).*/\1/p" "$var/config" 2>/dev/null | head -n 1)
    # The plugin does the same (src/plugin/mover-script.ts): the remote shell must not interpret any argument.
    {
        printf '%s\0' $(($# + 1)) "${base:-/var/tmp/one}/vmm/kvm/$script" "$@"
        base64 -d
    } | ssh -o BatchMode=yes -o ForwardAgent=$agent -o ControlMaster=no -o ControlPath=none -- "$3" \
        "exec bash -c 'words=(); IFS= read -r -d \"\" count; while ((count-- > 0)); do IFS= read -r -d \"\" word; words+=(\"\$word\"); done; exec \"\${words[@]}\"'"
    exit $?
}
