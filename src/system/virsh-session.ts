import type { Unknown } from '../core/facts';
import { Conversation } from './conversation';
import { log } from './log';
import { quietVirsh } from './virsh-and-ssh';

const prompt = 'virsh # ';

/**
 * One virsh that stays, so that a question costs milliseconds when they count: starting virsh takes 30 to 50 ms,
 * a new ssh connection several times that. Only what virsh prints on stdout is the answer; an order that libvirt
 * refuses has none. Not for words that were not made here: virsh splits its input like a shell.
 */
export class VirshSession {
  private questions = 0;

  private constructor(private readonly conversation: Conversation) {}

  static local(): VirshSession {
    return new VirshSession(new Conversation(quietVirsh(), { LC_ALL: 'C', TERM: 'dumb' }));
  }

  /** What virsh printed for one command, within `deadline` milliseconds. Questions may not overlap. */
  async ask(command: string, deadline: number): Promise<string | Unknown> {
    this.questions += 1;
    const mark = `migrate-guard-${this.questions}`;
    const read = (output: string): string | undefined => {
      if (!output.includes(`\n${mark}`)) return undefined;
      const answer = output.slice(0, output.indexOf(`${prompt}echo ${mark}`));
      return answer.slice(answer.indexOf('\n') + 1).trim();
    };
    const answer = await this.conversation.ask(`${command}\necho ${mark}\n`, read, deadline);
    log('asked virsh', { command, answer });
    return answer;
  }

  end(): void {
    this.conversation.end();
  }
}
