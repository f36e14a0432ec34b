# The scripts of migrate-guard that OpenNebula starts source this file. It reads no input: the program that it starts
# gets all of it.

remotes=$(dirname "$0")/$up
# The name under which it was started: a site may have replaced a stock script by it.
MIGRATE_GUARD_SCRIPT=$(basename "$0")
export MIGRATE_GUARD_SCRIPT
config=/etc/migrate-guard/config.yaml

# Replaces this shell by the plugin; or sets why_not and short_why_not, and returns.
start_plugin() {
    # A package installs the plugin, and a program that behaves as Node does if it gets the absolute path of a script.
    plugin=/usr/lib/migrate-guard/plugin.cjs
    node=/usr/lib/migrate-guard/standalone
    if [ ! -x "$node" ]; then
        [ ! -e "$remotes/migrate-guard/plugin.cjs" ] || plugin=$remotes/migrate-guard/plugin.cjs
        for node in "$(command -v node)" /usr/bin/node /usr/local/bin/node; do
            [ -x "$node" ] || continue
            case $("$node" --version 2>/dev/null) in
                v2[0-9].* | v[3-9][0-9].*) break ;;
                *) node= ;;
            esac
        done
    fi
    if [ ! -x "$node" ]; then
        why_not='Node 20 or later is not installed on the host that runs this script'
        short_why_not='Node 20 or later is not installed'
    elif [ ! -r "$plugin" ]; then
        why_not="$plugin is missing"
        short_why_not='its plugin.cjs is missing'
    else
        MIGRATE_GUARD_REMOTES=$(cd "$remotes" && pwd)
        export MIGRATE_GUARD_REMOTES
        exec "$node" "$(cd "${plugin%/*}" && pwd)/plugin.cjs" "$@"
    fi
}

# The front-end's own remotes/, as in src/plugin/script-location.ts; anything else is a host's copy.
on_frontend() { [ "$(cd "$remotes" && pwd)" = "${ONE_LOCATION:-/var/lib/one}${ONE_LOCATION:+/var}/remotes" ]; }

# warn WHOM VM_ID [THEN] reports that the guard cannot run, and what happens then. After a success on the front-end,
# OpenNebula 7 logs the lines that begin with the VM's number (src/plugin/logged-on-success.ts).
warn() {
    number=
    case $2 in '' | *[!0-9]*) ;; *) on_frontend && number="$2 " ;; esac
    echo "WARN: ${number}migrate-guard: $1: the guard cannot run: $why_not; ${3:-the VM is moved or saved without it}." >&2
    echo "WARN: ${number}migrate-guard: -> migrate-guard doctor" >&2
}

# note_unguarded ACTION VM_ID DOMAIN SOURCE [DESTINATION] also writes it to the front-end's record of what its guards
# did (src/opennebula/record-file.ts), and to syslog. Nothing waits for it, and a failure has no effect.
note_unguarded() {
    (timeout 10 logger -t migrate-guard -p daemon.warning -- "VM $2: $1, on $4: the guard cannot run: $why_not" &) </dev/null >/dev/null 2>&1
    on_frontend || return 0
    case $2 in '' | *[!0-9]*) return 0 ;; esac
    (
        umask 027
        list=$(cd "$remotes/.." && pwd)/migrate-guard/not-run.jsonl
        # The plugin limits the list to this length: a list that is much longer is not trusted.
        [ -z "$(find "$list" -size +255k)" ] || mv -f "$list" "$list.old"
        mkdir -p "${list%/*}" &&
            printf '{"vmId":%s,"domain":"%s","action":"%s","time":"%s","source":"%s","destination":%s,"guard":"could-not-run","why":"%s"}\n' \
                "$(printf %s "$2" | sed 's/^0*\(.\)/\1/')" "$(harmless "$3")" "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(harmless "$4")" \
                "$([ -z "$5" ] && echo null || echo "\"$(harmless "$5")\"")" "$(harmless "$why_not")" \
                >>"$list"
    ) </dev/null >/dev/null 2>&1
    return 0
}

# The characters that a JSON string may contain unescaped.
harmless() { printf %s "$1" | LC_ALL=C tr -cd ' !#-[]-~' | cut -c 1-200; }

# refuse WHOM WHY [REMEDY] fails the action. The plain line becomes the VM's ERROR, as in
# src/opennebula/model/vm-log.ts.
refuse() {
    echo "migrate-guard: the guard cannot run: $short_why_not." >&2
    echo "ERROR: migrate-guard: $1: $2" >&2
    [ -z "$3" ] || echo "ERROR: migrate-guard: -> $3" >&2
    exit 2
}

# decide SECTION.KEY DEFAULT WHOM sets $decision from the configuration; if the value cannot be determined, the action
# fails.
decide() {
    . "$remotes/migrate-guard/fallback.sh"
    decision=$(fallback "$(printf %s "$1" | tr a-z. A-Z_)" "$2" 2>/dev/null) ||
        refuse "$3" "the guard cannot run: $why_not; and $1 cannot be determined without it, so nothing is done" \
            'install migrate-guard on the machine that runs this script, and run there as root: migrate-guard doctor'
}

# For a site that forbids any unguarded move.
refuse_if_told() {
    decide policy.when_guard_fails run-mover "$1"
    case $decision in
        run-mover) ;;
        refuse) refuse "$1" "the guard cannot run: $why_not" ;;
        *) refuse "$1" "the guard cannot run: $why_not; and policy.when_guard_fails is neither run-mover nor refuse" ;;
    esac
}
