import type { DestinationPath } from './model/destination-path';
import type { Unknown } from '../core/unknown';
import { InteractiveProcess } from '../os/interactive-process';
import { log } from '../os/log';
import { onHost, quietVirsh } from '../os/ssh';

/** What the virsh that is kept over there is told to print after each order, which it repeats as a line of its own. */
const markOfEnd = 'migrate-guard-end-of-answer';
/** What it says later would be taken for the next answer: from then on each question has a virsh of its own. */
const keptVirshTimeoutSeconds = 1;

/**
 * What answers on the other host: one question after the other, whose text never becomes part of a shell's command; the
 * virsh that is kept there is given UUIDs only. Each answer ends with NUL, NUL, the exit status, NUL.
 */
const answering = `
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

/** It stays for the whole move: a connection that a firewall dropped has to be noticed before it is needed. */
const keptAlive = ['ServerAliveInterval=5', 'ServerAliveCountMax=2'];
const answerEnd = /\0\0(\d+)\0$/;

interface ShellAnswer {
  readonly text: string;
  readonly status: number;
}

/**
 * One ssh connection to another host, as the user OpenNebula's drivers use, for all that is to be asked there: a new one
 * costs some hundred milliseconds, which do not pass while QEMU waits for its disks. Questions may not overlap.
 */
export class DestinationSession {
  private constructor(private readonly conversation: InteractiveProcess) {}

  /** `connectTimeout` is in seconds. */
  static open(host: string, user: string, connectTimeout: number): DestinationSession {
    const target = { host, user, connectTimeout, options: keptAlive, agent: 'used' } as const;
    return new DestinationSession(new InteractiveProcess(onHost(target, `exec bash -c '${answering}'`)));
  }

  /** What stands at the paths over there, after all links. All deadlines are in milliseconds. */
  async paths(paths: readonly string[], deadline: number): Promise<readonly DestinationPath[] | Unknown> {
    const unique = [...new Set(paths)];
    return this.ask('paths', unique, deadline, ({ text }) => {
      const lines = text.split('\0').map((line) => [line, line.indexOf('\t')] as const);
      const reported = lines.filter(([, cut]) => cut >= 0);
      const types = new Map(reported.map(([line, cut]) => [line.slice(cut + 1), line.slice(0, cut)]));
      return unique.map((path) => ({ path, type: types.get(path) }));
    });
  }

  /** The UUIDs of all domains that are active over there; one that is shut off owns no disk. */
  async activeDomains(deadline: number): Promise<string | Unknown> {
    return this.ask('domains', [], deadline, ({ text, status }) =>
      status === 0 ? text : { unknown: text.trim().split('\n').at(-1) ?? 'virsh failed' },
    );
  }

  /** Starts a virsh that stays over there: it connects before it is needed, as starting one takes 30 to 50 ms. */
  async getReady(deadline: number): Promise<true | Unknown> {
    return this.ask('ready', [], deadline, () => true as const);
  }

  /** What `virsh domstate --reason` prints of a domain over there, which is nothing where libvirt tells nothing. */
  async stateOf(uuid: string, deadline: number): Promise<string | Unknown> {
    return this.ask('state', [uuid], deadline, ({ text }) => text.trim());
  }

  /**
   * The process that the host's pid file names, if it has `-uuid` and this one as arguments, as libvirt's QEMUs do; as
   * far as that user may see both.
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
    this.conversation.end();
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
    const answer = await this.conversation.ask(text, read, deadline);
    log('asked another host', { question, words, answer });
    // What would still come is no answer to what is asked next.
    if ('unknown' in answer) this.end();
    return 'unknown' in answer ? answer : use(answer);
  }
}
