# Sourced by what has no parser of YAML at hand: start.sh where Node is missing, and install.sh.

# setting FILE SECTION KEY DEFAULT: one value of the configuration. It understands "key: value" on lines below "section:",
# and "section: { key: value }"; where anything else stands there, it fails rather than guess.
setting() {
    [ -e "$1" ] || { echo "$4"; return; }
    [ -f "$1" ] || return 1
    awk -v section="$2" -v key="$3" -v value="$4" '
        function odd() { failed = 1; exit 1 }
        function take(pair,  name) {
            gsub(/^ +| +$/, "", pair)
            if (pair !~ /^[a-z_]+: /) odd()
            name = pair; sub(/:.*/, "", name)
            if (index(" migrate save user_template when_guard_fails user deadline ", " " name " ") == 0 || seen[name]++) odd()
            sub(/^[a-z_]+: +/, "", pair)
            if (pair ~ /^".*"$/ || pair ~ /^\047.*\047$/) pair = substr(pair, 2, length(pair) - 2)
            if (pair !~ /^[A-Za-z0-9:._-]+$/) odd()
            if (name == key) value = pair
        }
        { sub(/\r$/, ""); sub(/(^| +)#.*/, "") }
        /^ *$/ || /^[{] *[}] *$/ || (/^--- *$/ && !begun) { next }
        /^[^ ]/ {
            if ($0 !~ /^[a-z_]+:( |$)/) odd()
            begun = 1
            inside = index($0, section ":") == 1
            if (!inside) next
            if (sections++) odd()
            sub(/^[a-z_]+: */, ""); sub(/ +$/, "")
            if ($0 == "") next
            if ($0 !~ /^[{].*[}]$/) odd()
            inside = 0
            count = split(substr($0, 2, length($0) - 2), pairs, ",")
            if (count > 1 || pairs[1] ~ /[^ ]/) for (i = 1; i <= count; i++) take(pairs[i])
            next
        }
        !begun { odd() }
        inside { take($0) }
        END { if (failed) exit 1; print value }
    ' <"$1"
}
