import { parseBlockNodes } from '../core/block-nodes';
import type { BlockNode, Unknown } from '../core/facts';
import { parseReply } from '../core/qmp';
import { Conversation } from './conversation';
import { log } from './log';
import type { Monitor } from './monitor';
import { Virsh } from './virsh';
import { quietVirsh } from './virsh-and-ssh';

const prompt = 'virsh # ';

/**
 * One virsh that stays, so that a question costs milliseconds when they count: starting virsh takes 30 to 50 ms,
 * a new ssh connection several times that. Only what virsh prints on stdout is the answer; an order that libvirt
 * refuses has none. Not for words that were not made here: virsh splits its input like a shell.
 */
export class VirshSession {
  private conversation: Conversation | undefined;
  private questions = 0;
  private hangs = false;
  private silences = 0;
  private turn: Promise<unknown> = Promise.resolve();

  /**
   * `asksAgain`: for who stands by one domain for hours, meanwhile libvirtd may be started anew. Of many domains, one
   * that hangs is asked once, not once for each of them.
   */
  constructor(private readonly asksAgain = false) {}

  /** Before anything is asked, so that no question has to wait for it; and once more, when the last one has ended. */
  connect(): Conversation {
    if (!this.conversation || this.conversation.hasEnded)
      this.conversation = new Conversation(quietVirsh(), { LC_ALL: 'C', TERM: 'dumb' });
    return this.conversation;
  }

  /**
   * What virsh printed for one command, within `deadline` milliseconds. One question waits for the answer to another; and
   * when that does not come, it does not wait as long once more.
   */
  ask(command: string, deadline: number): Promise<string | Unknown> {
    const { silences } = this;
    const answer = this.turn.then(() =>
      this.hangs || this.silences > silences
        ? { unknown: 'libvirtd did not answer in time' }
        : this.askNow(command, deadline),
    );
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  private async askNow(command: string, deadline: number): Promise<string | Unknown> {
    this.questions += 1;
    const mark = `migrate-guard-${this.questions}`;
    const read = (output: string): string | undefined => {
      if (!output.includes(`\n${mark}`)) return undefined;
      const answer = output.slice(0, output.indexOf(`${prompt}echo ${mark}`));
      return answer.slice(answer.indexOf('\n') + 1).trim();
    };
    const answer = await this.connect().ask(`${command}\necho ${mark}\n`, read, deadline);
    log('asked virsh', { command, answer });
    if (typeof answer !== 'string') {
      this.silences += 1;
      this.hangs = !this.asksAgain && this.conversation?.hasEnded === false;
      // What would still come is no answer to what is asked next.
      this.end();
    }
    return answer;
  }

  /** Asks QEMU itself for its block nodes. */
  async blockNodes(uuid: string, deadline: number): Promise<readonly BlockNode[] | Unknown> {
    const question = JSON.stringify({ execute: 'query-named-block-nodes', arguments: { flat: true } });
    const answer = await this.ask(`qemu-monitor-command --domain ${uuid} '${question}'`, deadline);
    if (typeof answer !== 'string') return answer;
    // Why libvirt refused is told by a virsh of its own.
    return answer === '' ? new Virsh(deadline).blockNodes(uuid) : parseBlockNodes(answer);
  }

  /** Asks QEMU itself, each question within `deadline` milliseconds. */
  monitorWithin(deadline: number): Monitor {
    return {
      monitor: async (uuid, execute, args) => {
        const question = JSON.stringify(args === undefined ? { execute } : { execute, arguments: args });
        const answer = await this.ask(`qemu-monitor-command --domain ${uuid} '${question}'`, deadline);
        if (typeof answer !== 'string') return answer;
        // As above; and what may change something is not ordered twice.
        const isQuestion = execute.startsWith('query-');
        return answer === '' && isQuestion
          ? new Virsh(deadline).monitor(uuid, execute, args)
          : parseReply(answer);
      },
    };
  }

  end(): void {
    this.conversation?.end();
  }
}
