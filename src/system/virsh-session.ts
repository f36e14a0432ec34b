import { parseBlockNodes } from '../core/block-nodes';
import type { BlockNode, Unknown } from '../core/facts';
import { Conversation } from './conversation';
import { log } from './log';
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

  /** What virsh printed for one command, within `deadline` milliseconds. Questions may not overlap. */
  async ask(command: string, deadline: number): Promise<string | Unknown> {
    if (this.hangs) return { unknown: 'libvirtd did not answer in time' };
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

  end(): void {
    this.conversation?.end();
  }
}
