import { quietVirsh } from '../hypervisor/virsh-argv';
import { deviceAttributes, fileSystemFormat, statFormat } from './model/path-on-host';

/** The virsh that stays on the other host prints this after each command, after it has echoed the command. */
const markOfEnd = 'migrate-guard-end-of-answer';
/** A later answer would be taken for the next one: after this time each question gets a virsh of its own. */
const keptVirshTimeoutSeconds = 1;

/**
 * The script that answers on a host, one question after the other. The text of a question never becomes part of a shell
 * command; the virsh that stays there gets UUIDs only. Each answer ends with NUL, NUL, the exit status, NUL.
 */
export const answerScript = `
export LC_ALL=C
count() { IFS= read -r count; words=(); while ((count-- > 0)); do IFS= read -r -d "" word; words+=("$word"); done; }
trap "" PIPE
keep_virsh() { [ -n "\${VIRSH_PID-}" ] || coproc VIRSH { exec ${quietVirsh().join(' ')}; }; }
ask_virsh() {
  keep_virsh
  [ "$VIRSH_PID" != silent ] && printf "%s\\necho ${markOfEnd}\\n" "$1" >&"\${VIRSH[1]}" || return 1
  while IFS= read -r -t ${keptVirshTimeoutSeconds} line <&"\${VIRSH[0]}"; do
    case $line in "virsh # echo ${markOfEnd}") return 0 ;; ${markOfEnd}* | "virsh # "*) ;; *) echo "$line" ;; esac
  done
  VIRSH_PID=silent
  return 1
}
while IFS= read -r question; do
  count
  case $question in
    paths) stat -L --printf="${statFormat}" -- "\${words[@]}" ;;
    devices) for device in "\${words[@]}"; do
        for name in ${deviceAttributes.join(' ')}; do
          value=; read -r value <"/sys/dev/block/$device/$name"
          printf "%s\\t%s\\t%s\\0" "$device" "$name" "$value"
        done
      done ;;
    file-systems) stat -f -L --printf="${fileSystemFormat}" -- "\${words[@]}" ;;
    domains) ${quietVirsh('list', '--uuid').join(' ')} 2>&1 ;;
    ready) keep_virsh ;;
    state) ask_virsh "domstate --reason --domain \${words[0]}" || ${quietVirsh('domstate', '--reason', '--domain').join(' ')} "\${words[0]}" ;;
    qemu) pid= argv=(); read -r pid <"\${words[0]}"; mapfile -d "" -t argv <"/proc/$pid/cmdline"
      case " \${argv[*]} " in *" -uuid \${words[1]} "*) echo "$pid" ;; esac ;;
    alive) if [ -e "/proc/\${words[0]}" ]; then
        stat=; read -r stat <"/proc/\${words[0]}/stat"
        case $stat in *") "[ZX]" "*) ;; *) echo yes ;; esac
      fi ;;
  esac 2>/dev/null
  printf "\\0\\0%s\\0" $?
done`;
