import { optionsOf, type Option, type Verb } from './verb';

/** What may stand at a place of the command line: one of these words, or something of that kind. */
type Place = readonly string[] | 'domain' | 'host' | 'file' | 'anything';

/**
 * The completion of the command for bash. Domains are the files that libvirt keeps in `stateDirectory`; nothing is
 * started for them, and where that directory cannot be read there are none. No name is ever evaluated.
 */
export function bashCompletion(verbs: readonly Verb[], stateDirectory: string): string {
  return template
    .replace('@VERBS@', () => verbs.map(({ name }) => name).join(' '))
    .replace('@OPTIONS@', () => choices(verbs.map((verb) => [verb.name, `options='${options(verb)}'`])))
    .replace('@VALUES@', () => choices(verbs.flatMap(values)))
    .replace('@WORDS@', () => choices(verbs.flatMap(words)))
    .replace('@STATE@', () => stateDirectory);
}

function options(verb: Verb): string {
  return [...Object.keys(optionsOf(verb)), 'help'].map((name) => `--${name}`).join(' ');
}

function values(verb: Verb): (readonly [string, string])[] {
  return Object.entries(optionsOf(verb))
    .filter(([, { type }]) => type === 'string')
    .map(([name, option]) => [`'${verb.name} --${name}'`, `place=${shown(valueOf(option))}`]);
}

function valueOf({ value = '' }: Option): Place {
  if (value.includes('|')) return value.split('|');
  if (/^(FILE|JOURNAL|MAP|.*\.json)$/.test(value)) return 'file';
  return value.startsWith('HOST') ? 'host' : 'anything';
}

/** By the verb and the number of words that stand before: the first of several forms of a verb tells. */
function words(verb: Verb): (readonly [string, string])[] {
  const [form = ''] = verb.words.split(/ \| (?![^<]*>)/);
  return (form.match(/<[^>]*>|\S+/g) ?? []).map((word, index) => {
    const place = `place=${shown(wordOf(word))}`;
    return [word.includes('…') ? `'${verb.name} '*` : `'${verb.name} ${index}'`, place];
  });
}

function wordOf(word: string): Place {
  if (!word.startsWith('<')) return [word];
  const name = word.slice(1, -1);
  if (name.startsWith('domain')) return 'domain';
  if (name.includes(' | ')) return name.split(' | ');
  return name === 'destination' ? 'host' : 'file';
}

function shown(place: Place): string {
  return typeof place === 'string' ? place : `'${place.join(' ')}'`;
}

/** The branches of a `case`, those that do the same as one. */
function choices(branches: readonly (readonly [pattern: string, action: string])[]): string {
  const patterns = new Map<string, string[]>();
  for (const [pattern, action] of branches) patterns.set(action, [...(patterns.get(action) ?? []), pattern]);
  return [...patterns].map(([action, all]) => `        ${all.join(' | ')}) ${action} ;;`).join('\n');
}

const template = `# Completion of migrate-guard for bash, made from its table of verbs.

_migrate_guard() {
    local current=\${COMP_WORDS[COMP_CWORD]} verb=\${COMP_WORDS[1]} place='' options='' given=0 index
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _migrate_guard_offer @VERBS@ --help --version
        return
    fi
    # Bash cuts --config=FILE into three words.
    [[ $current != '=' ]] || current=''
    for ((index = 2; index < COMP_CWORD; index++)); do
        case \${COMP_WORDS[index]} in
            =) ;;
            -*) _migrate_guard_value "$verb \${COMP_WORDS[index]}" ;;
            *) if [[ -n $place ]]; then place=''; else ((given += 1)); fi ;;
        esac
    done
    case $verb in
@OPTIONS@
    esac
    if [[ -z $place ]]; then
        if [[ $current == -* ]]; then place=$options; else _migrate_guard_word "$verb $given"; fi
    fi
    case $place in
        domain) _migrate_guard_domains ;;
        host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
        file)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        anything) ;;
        *)
            # shellcheck disable=SC2086 # the words of the table
            _migrate_guard_offer \${place:-$options}
            ;;
    esac
}

# What the value of an option is: VERB OPTION
_migrate_guard_value() {
    place=''
    case $1 in
@VALUES@
    esac
}

# What a word is: VERB NUMBER
_migrate_guard_word() {
    case $1 in
@WORDS@
    esac
}

# By hand: compgen -W would evaluate what it is given, and a domain may be called $(reboot).
_migrate_guard_offer() {
    local word
    for word; do
        [[ $word != "$current"* ]] || COMPREPLY+=("$word")
    done
}

# As they have to be typed. No glob of this shell, whose options are the admin's.
_migrate_guard_domains() {
    local file name
    while IFS= read -r file; do
        name=\${file##*/}
        printf -v name %q "\${name%.xml}"
        _migrate_guard_offer "$name"
    done < <(compgen -G '@STATE@/*.xml')
}

complete -F _migrate_guard migrate-guard
`;
