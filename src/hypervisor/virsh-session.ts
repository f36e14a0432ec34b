import { shellWord } from '../core/shell-word';
import { isUnknown, unknownOf, type Unknown } from '../core/unknown';
import { message, textOf } from '../messages';
import { InteractiveProcess } from '../os/interactive-process';
import { log } from '../os/log';
import type { VirshOrders } from './qmp-client';
import { Virsh } from './virsh';
import { quietVirsh } from './virsh-argv';

const prompt = 'virsh # ';

/**
 * One virsh that stays, because starting virsh takes 30 to 50 ms, which count while QEMU waits for its disks. Only what
 * virsh prints on stdout is the answer; a command that libvirt refuses has none.
 */
export class VirshSession implements VirshOrders {
  private process: InteractiveProcess | undefined;
  private questions = 0;
  private hangs = false;
  /** Why libvirtd could not be reached at all, in a session that does not ask again. */
  private unreachable: Unknown | undefined;
  /** How many questions had no answer. */
  private timeouts = 0;
  /** Ends with the answer to the last question: questions must not overlap. */
  private queue: Promise<unknown> = Promise.resolve();

  /**
   * `deadline`: milliseconds for each question. `asksAgain`: for a session that guards one domain for hours, in which
   * libvirtd may be restarted. Without it a libvirtd that hangs is asked once, not once for each of many domains.
   */
  constructor(
    private readonly deadline: number,
    private readonly asksAgain = false,
  ) {}

  /** Starts virsh, before anything is asked, so that no question has to wait for it; again when the last one has ended. */
  connect(): InteractiveProcess {
    if (!this.process || this.process.hasEnded)
      this.process = new InteractiveProcess(quietVirsh(), { LC_ALL: 'C', TERM: 'dumb' });
    return this.process;
  }

  /** What virsh printed. The reason why libvirt refused a question comes from a second virsh; other commands are not repeated. */
  async order(words: readonly string[], isQuestion: boolean): Promise<string | Unknown> {
    if (this.unreachable) return this.unreachable;
    const answer = await this.ask(words);
    if (answer !== '' || !isQuestion) return answer;
    const again = await new Virsh(this.deadline).order(words);
    // A second virsh for each of many domains would take longer than all else.
    if (isUnknown(again) && !this.asksAgain && saysUnreachable(again)) this.unreachable = again;
    return again;
  }

  /**
   * What virsh printed; nothing, where libvirt refused. A question that waited for another one, which had no answer in
   * time, is not asked: it would wait as long once more.
   */
  ask(words: readonly string[]): Promise<string | Unknown> {
    const { timeouts } = this;
    // virsh splits its input like a shell (tools/vsh.c, vshCommandStringGetArg).
    const command = words.map(shellWord).join(' ');
    const answer = this.queue.then(() =>
      this.hangs || this.timeouts > timeouts ? unknownOf(message('libvirtd-late')) : this.askNow(command),
    );
    this.queue = answer.catch(() => undefined);
    return answer;
  }

  private async askNow(command: string): Promise<string | Unknown> {
    this.questions += 1;
    const mark = `migrate-guard-${this.questions}`;
    const read = (output: string): string | undefined => {
      if (!output.includes(`\n${mark}`)) return undefined;
      const answer = output.slice(0, output.indexOf(`${prompt}echo ${mark}`));
      return answer.slice(answer.indexOf('\n') + 1).trim();
    };
    const answer = await this.connect().ask(`${command}\necho ${mark}\n`, read, this.deadline);
    log('asked virsh', { command, answer });
    if (typeof answer !== 'string') {
      this.timeouts += 1;
      this.hangs = !this.asksAgain && this.process?.hasEnded === false;
      // A late answer would be taken for that to the next question.
      this.end();
    }
    return answer;
  }

  end(): void {
    this.process?.end();
  }
}

/** virsh's words when it gets no connection (tools/virsh.c, virshConnect), or that it is not installed. */
function saysUnreachable({ unknown }: Unknown): boolean {
  return unknown.includes('failed to connect to the hypervisor') || unknown === textOf('virsh-missing');
}
