import type { DestinationPath } from './model/destination-path';
import type { Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { InteractiveProcess } from '../os/interactive-process';
import { log } from '../os/log';
import { quietVirsh } from '../hypervisor/virsh-argv';
import { onHost } from '../os/ssh';

/** The virsh that stays on the other host prints this after each command, after it has echoed the command. */
const markOfEnd = 'migrate-guard-end-of-answer';
/** A later answer would be taken for the next one: after this time each question gets a virsh of its own. */
const keptVirshTimeoutSeconds = 1;

/**
 * The script that answers on the other host, one question after the other. The text of a question never becomes part of
 * a shell command; the virsh that stays there gets UUIDs only. Each answer ends with NUL, NUL, the exit status, NUL.
 */
const answerScript = `
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
    paths) stat -L --printf="%F\\t%n\\0" -- "\${words[@]}" 2>/dev/null ;;
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

/** The connection is used for the whole move: if a firewall drops it, that must be noticed before it is needed. */
const keptAlive = ['ServerAliveInterval=5', 'ServerAliveCountMax=2'];
const answerEnd = /\0\0(\d+)\0$/;

interface ShellAnswer {
  readonly text: string;
  readonly status: number;
}

/**
 * One ssh connection to another host, as the user OpenNebula's drivers use, for all questions: a new connection takes some
 * hundred milliseconds, for which QEMU would wait for its disks. Questions must not overlap.
 */
export class RemoteShell {
  private constructor(private readonly process: InteractiveProcess) {}

  /** `connectTimeout` is in seconds. */
  static open(host: string, user: string, connectTimeout: number): RemoteShell {
    const target = { host, user, connectTimeout, options: keptAlive, agent: 'used' } as const;
    return new RemoteShell(new InteractiveProcess(onHost(target, `exec bash -c '${answerScript}'`)));
  }

  /** The types of what the paths lead to on that host. All deadlines are in milliseconds. */
  async paths(paths: readonly string[], deadline: number): Promise<readonly DestinationPath[] | Unknown> {
    const unique = [...new Set(paths)];
    return this.ask('paths', unique, deadline, ({ text }) => {
      const lines = text.split('\0').map((line) => [line, line.indexOf('\t')] as const);
      const reported = lines.filter(([, cut]) => cut >= 0);
      const types = new Map(reported.map(([line, cut]) => [line.slice(cut + 1), line.slice(0, cut)]));
      return unique.map((path) => ({ path, type: types.get(path) }));
    });
  }

  /** The UUIDs of all domains that are active on that host; one that is shut off owns no disk. */
  async activeDomains(deadline: number): Promise<string | Unknown> {
    return this.ask('domains', [], deadline, ({ text, status }) =>
      status === 0 ? text : { unknown: text.trim().split('\n').at(-1) ?? textOf('virsh-failed') },
    );
  }

  /** Starts a virsh that stays on that host, before it is needed: starting one takes 30 to 50 ms. */
  async getReady(deadline: number): Promise<true | Unknown> {
    return this.ask('ready', [], deadline, () => true as const);
  }

  /** What `virsh domstate --reason` prints of a domain on that host; empty where libvirt gives no state. */
  async stateOf(uuid: string, deadline: number): Promise<string | Unknown> {
    return this.ask('state', [uuid], deadline, ({ text }) => text.trim());
  }

  /**
   * The process of the host's pid file, if its arguments include `-uuid` with this one, as those of libvirt's QEMUs do;
   * as far as that user may read both.
   */
  async qemuOf(uuid: string, pidFile: string, deadline: number): Promise<number | undefined | Unknown> {
    return this.ask('qemu', [pidFile, uuid], deadline, ({ text }) => {
      const pid = /^\d+$/.exec(text.trim())?.[0];
      return pid === undefined ? undefined : Number(pid);
    });
  }

  /** A zombie has ended, with its files closed; a process that cannot be read has not. */
  async isAlive(pid: number, deadline: number): Promise<boolean | Unknown> {
    return this.ask('alive', [String(pid)], deadline, ({ text }) => text !== '');
  }

  end(): void {
    this.process.end();
  }

  private async ask<T>(
    question: string,
    words: readonly string[],
    deadline: number,
    use: (answer: ShellAnswer) => T,
  ): Promise<T | Unknown> {
    const text = `${question}\n${words.length}\n${words.map((word) => `${word}\0`).join('')}`;
    const read = (output: string): ShellAnswer | undefined => {
      const end = answerEnd.exec(output);
      return end ? { text: output.slice(0, end.index), status: Number(end[1]) } : undefined;
    };
    const answer = await this.process.ask(text, read, deadline);
    log('asked another host', { question, words, answer });
    // A late answer would be taken for that to the next question.
    if ('unknown' in answer) this.end();
    return 'unknown' in answer ? answer : use(answer);
  }
}
