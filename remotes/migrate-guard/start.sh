# Sourced by the scripts of migrate-guard that OpenNebula starts. It reads no input: whoever goes on has all of it.

remotes=$(dirname "$0")/$up
# By which name it was started: a site may have put it in the place of a stock script.
MIGRATE_GUARD_SCRIPT=$(basename "$0")
export MIGRATE_GUARD_SCRIPT
plugin=$remotes/migrate-guard/plugin.cjs

# Replaces this shell by the plugin; or sets why_not and returns.
start_plugin() {
    for node in "$(command -v node)" /usr/bin/node /usr/local/bin/node; do
        [ -x "$node" ] || continue
        case $("$node" --version 2>/dev/null) in
            v2[0-9].* | v[3-9][0-9].*) break ;;
            *) node= ;;
        esac
    done
    if [ ! -x "$node" ]; then
        why_not='Node 20 or later is not installed on the host that runs this script'
    elif [ ! -r "$plugin" ]; then
        why_not="$plugin is missing"
    else
        exec "$node" "$plugin" "$@"
    fi
}

# Says what there is to say when the guard cannot run, for the log and for the reply.
warn() {
    echo "WARN: migrate-guard: $1: the guard cannot run: $why_not; it goes on without." >&2
    echo "WARN: migrate-guard: -> migrate-guard doctor" >&2
}

# One value of one section of the configuration, for when nothing else can read it: setting SECTION KEY DEFAULT
setting() {
    value=$(sed -n "/^$1:/,/^[^ #]/ s/^ \{1,\}$2: *\([A-Za-z0-9:._-]\{1,\}\).*/\1/p" \
        /etc/migrate-guard/config.yaml 2>/dev/null | head -n 1)
    echo "${value:-$3}"
}

# For the site that wants no VM moved unguarded.
refuse_if_told() {
    [ "$(setting policy when_guard_fails run-mover)" = refuse ] || return 0
    echo "ERROR: migrate-guard: $1: the guard cannot run: $why_not" >&2
    echo "migrate-guard: $1: the guard cannot run: $why_not." >&2
    exit 2
}
