import { shellWord } from '../core/shell-word';
import type { Unknown } from '../core/unknown';
import { InteractiveProcess } from '../os/interactive-process';
import { log } from '../os/log';
import type { VirshOrders } from './qmp-client';
import { Virsh } from './virsh';
import { quietVirsh } from '../os/ssh';

const prompt = 'virsh # ';

/**
 * One virsh that stays, so that a question costs milliseconds when they count: starting virsh takes 30 to 50 ms,
 * a new ssh connection several times that. Only what virsh prints on stdout is the answer; an order that libvirt
 * refuses has none.
 */
export class VirshSession implements VirshOrders {
  private conversation: InteractiveProcess | undefined;
  private questions = 0;
  private hangs = false;
  private silences = 0;
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * `deadline`: milliseconds for each question. `asksAgain`: for who stands by one domain for hours, meanwhile libvirtd may be started anew. Of many domains, one
   * that hangs is asked once, not once for each of them.
   */
  constructor(
    private readonly deadline: number,
    private readonly asksAgain = false,
  ) {}

  /** Before anything is asked, so that no question has to wait for it; and once more, when the last one has ended. */
  connect(): InteractiveProcess {
    if (!this.conversation || this.conversation.hasEnded)
      this.conversation = new InteractiveProcess(quietVirsh(), { LC_ALL: 'C', TERM: 'dumb' });
    return this.conversation;
  }

  /** What virsh printed. Why libvirt refused is told by a virsh of its own; what may change something is not ordered twice. */
  async order(words: readonly string[], isQuestion: boolean): Promise<string | Unknown> {
    const answer = await this.ask(words);
    return answer === '' && isQuestion ? new Virsh(this.deadline).order(words) : answer;
  }

  /**
   * What virsh printed; nothing, where libvirt refused. One question waits for the answer to another; and when that does
   * not come, it does not wait as long once more.
   */
  ask(words: readonly string[]): Promise<string | Unknown> {
    const { silences } = this;
    // virsh splits its input like a shell (tools/vsh.c, vshCommandStringGetArg).
    const command = words.map(shellWord).join(' ');
    const answer = this.turn.then(() =>
      this.hangs || this.silences > silences
        ? { unknown: 'libvirtd did not answer in time' }
        : this.askNow(command),
    );
    this.turn = answer.catch(() => undefined);
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
      this.silences += 1;
      this.hangs = !this.asksAgain && this.conversation?.hasEnded === false;
      // What would still come is no answer to what is asked next.
      this.end();
    }
    return answer;
  }

  end(): void {
    this.conversation?.end();
  }
}
