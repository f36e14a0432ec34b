import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../core/domain';
import { isUnknown, type Unknown } from '../core/facts';
import { parseReply, readAnswers } from '../core/qmp';
import { objection } from '../core/reset-plan';
import { sawHandingOverFail } from '../core/attempt';
import type { Settings } from '../core/settings';
import type { LogWatch } from '../system/log-watch';
import { jobOf } from '../system/monitor';
import { VirshSession } from '../system/virsh-session';
import { listActive } from './destination-copy';
import { endOfJob } from './end-of-job';

/** Milliseconds between two looks at a log. */
const fileInterval = 5;
/** Between two questions to libvirtd. */
const questionInterval = 20;

/** QEMU took its disks back: milliseconds since libvirt ended its job. Or why it was not asked to. */
export type Reactivation =
  | {
      readonly milliseconds: number;
      /** Of these, until the destination had no copy of the domain: libvirt there waits for its QEMU in steps of 200 ms. */
      readonly destination: number;
    }
  | Unknown;

/**
 * Stands by while a mover runs. On an affected QEMU the guest's next write may kill it once handing over has
 * failed, so everything that takes time is done before: one virsh stays connected here, one on the destination.
 * As soon as QEMU's log tells of the failure, libvirt's job has ended and the destination holds no copy of the
 * domain, QEMU is told to take its disks back.
 */
export class StandBy {
  private readonly here = VirshSession.local();
  private there: VirshSession | undefined;
  private over = false;
  private readonly outcome: Promise<Reactivation | undefined>;

  constructor(
    private readonly domain: Domain,
    private readonly settings: Settings,
    private readonly watch: LogWatch,
    private readonly destination: string | undefined,
  ) {
    this.there = this.connect();
    this.outcome = this.standBy();
  }

  /** The mover has ended. Gives what became of a failure, if there was one; and ends the standing by. */
  async end(): Promise<Reactivation | undefined> {
    this.over = true;
    try {
      return await this.outcome;
    } finally {
      this.here.end();
      this.there?.end();
    }
  }

  private async standBy(): Promise<Reactivation | undefined> {
    while (!sawHandingOverFail(this.watch.read())) {
      // One look after the mover's end, since its last words and QEMU's may come together.
      if (this.over) return undefined;
      await pause(fileInterval);
    }
    const ended = await endOfJob(this.domain, this.settings);
    if (isUnknown(ended)) return ended;
    const clear = await this.destinationIsClear();
    if (clear !== true) return clear;
    const cleared = Date.now();
    const done = await this.activate();
    if (done !== true) return done;
    return { milliseconds: Date.now() - ended.at, destination: cleared - ended.at };
  }

  private connect(): VirshSession | undefined {
    const { user, deadline } = this.settings.ssh;
    return this.destination === undefined ? undefined : VirshSession.on(this.destination, user, deadline);
  }

  /** A connection that died of old age during a long move is made once more. */
  private async askThere(deadline: number): Promise<string | Unknown> {
    const until = Date.now() + deadline;
    const answer = await this.there?.ask(listActive, deadline);
    if (typeof answer === 'string') return answer;
    this.there?.end();
    this.there = this.connect();
    const again = await this.there?.ask(listActive, Math.max(1, until - Date.now()));
    return again ?? { unknown: 'there is no destination' };
  }

  /** libvirt and the stock scripts destroy what came over; two QEMUs must never own one disk. */
  private async destinationIsClear(): Promise<true | Unknown> {
    if (!this.there) return true;
    const deadline = this.settings.migrate.destinationDeadline * 1000;
    const until = Date.now() + deadline;
    for (;;) {
      if (Date.now() > until) return { unknown: `the destination still has a copy of ${this.domain.name}` };
      const listed = await this.askThere(Math.max(1, until - Date.now()));
      if (typeof listed !== 'string') {
        return { unknown: `nobody can tell whether the destination still has a copy: ${listed.unknown}` };
      }
      if (!listed.includes(this.domain.uuid)) return true;
      await pause(questionInterval);
    }
  }

  private async activate(): Promise<true | Unknown> {
    const status = await this.monitor('query-status');
    const migration = await this.monitor('query-migrate');
    const answers = readAnswers(status, migration, { kind: 'return', value: [] });
    const job = jobOf(this.settings.libvirt.stateDirectory, this.domain.name);
    const refused = objection('cont', { job, memory: { unknown: 'not read' }, answers });
    if (refused) return { unknown: refused.why };
    const reply = await this.monitor('cont');
    if (isUnknown(reply)) return reply;
    return reply.kind === 'return' ? true : { unknown: `QEMU refused cont: ${reply.text}` };
  }

  private async monitor(execute: string): Promise<ReturnType<typeof parseReply>> {
    const command = `qemu-monitor-command --domain ${this.domain.uuid} '${JSON.stringify({ execute })}'`;
    const answer = await this.here.ask(command, this.settings.libvirt.deadline * 1000);
    return typeof answer === 'string' ? parseReply(answer) : answer;
  }
}
