import { answerScript } from './answer-script';
import { readStat, withDetails, type PathOnHost } from './model/path-on-host';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { InteractiveProcess } from '../os/interactive-process';
import { log } from '../os/log';
import { onHost } from '../os/ssh';

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

  /** The same questions to the host of this process. */
  static here(): RemoteShell {
    return new RemoteShell(new InteractiveProcess(['/bin/bash', '--norc', '-c', answerScript]));
  }

  /** What the paths lead to on that host. All deadlines are in milliseconds. */
  async paths(paths: readonly string[], deadline: number): Promise<readonly PathOnHost[] | Unknown> {
    const unique = [...new Set(paths)];
    const stated = await this.ask('paths', unique, deadline, ({ text }) => readStat(unique, text));
    if (isUnknown(stated)) return stated;
    const textOfAll = async (question: string, words: readonly string[]): Promise<string | Unknown> =>
      words.length === 0 ? '' : this.ask(question, words, deadline, ({ text }) => text);
    const devices = await textOfAll(
      'devices',
      stated.flatMap(({ device }) => device ?? []),
    );
    if (typeof devices !== 'string') return devices;
    const files = stated.filter(({ inode }) => inode !== undefined);
    const systems = await textOfAll(
      'file-systems',
      files.map(({ path }) => path),
    );
    return typeof systems === 'string' ? withDetails(stated, devices, systems) : systems;
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
