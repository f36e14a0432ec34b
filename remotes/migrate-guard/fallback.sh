# start.sh sources this file where Node is missing; fallback.env then contains the configuration, one KEY=value per
# line.

# fallback KEY DEFAULT prints one value. It fails rather than guess: if others than root could have written the file,
# if it contains what install.sh and doctor do not write (src/config/model/fallback.ts), and if config.yaml was
# changed after it was written.
fallback() (
    LC_ALL=C
    file=/etc/migrate-guard/fallback.env sum=none wanted= found=
    is_there "$config" || is_there "$file" || { echo "$2"; exit; }
    [ -n "$(find "$file" -prune -type f -uid 0 ! -perm /022)" ] || exit 1
    ! is_there "$config" || sum=$(sha256sum <"$config") || exit 1
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '#'*) continue ;; *=*) ;; *) exit 1 ;; esac
        value=${line#*=}
        case $value in '' | *[!A-Za-z0-9:._-]*) exit 1 ;; esac
        case ${line%"=$value"} in
            "$1") [ -z "$found" ] && found=$value || exit 1 ;;
            CONFIG_SHA256) [ -z "$wanted" ] && wanted=$value || exit 1 ;;
            SSH_USER | OPENNEBULA_MIGRATE | OPENNEBULA_SAVE | POLICY_WHEN_GUARD_FAILS) ;;
            *) exit 1 ;;
        esac
    done <"$file"
    [ "$wanted" = "${sum%% *}" ] && [ -n "$found" ] && printf '%s\n' "$found"
)

is_there() { [ -e "$1" ] || [ -L "$1" ]; }
