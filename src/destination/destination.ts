import { setTimeout as pause } from 'node:timers/promises';
import { absent, readArrival, type Arrival } from './model/arrival';
import type { PathOnHost } from './model/path-on-host';
import type { Domain } from '../hypervisor/model/domain-xml';
import { failureOf, type Failure } from '../core/errors';
import type { Settings } from '../config/settings';
import { isUnknown, reasonIn, unknownOf, type Unknown } from '../core/unknown';
import { message } from '../messages';
import { RemoteShell } from './remote-shell';

/** Milliseconds between two questions whether a copy of the domain is left. */
const copyPollMs = 10;

/** The destination host of a domain, asked over one connection for the whole move. */
export class Destination {
  /** The pid of the domain's QEMU on the destination, once it was found. */
  private qemuPid: number | undefined;

  private shell: RemoteShell | undefined;

  constructor(
    readonly host: string,
    private readonly settings: Settings,
  ) {}

  /** Connects before anything is asked, so that no question has to wait for the connection. */
  connect(): RemoteShell {
    const { user, deadline } = this.settings.ssh;
    return (this.shell ??= RemoteShell.open(this.host, user, deadline));
  }

  /** What the paths lead to on the destination. */
  paths(paths: readonly string[]): Promise<readonly PathOnHost[] | Unknown> {
    const deadline = this.settings.ssh.deadline * 1000;
    return this.ask((shell) => shell.paths(paths, deadline));
  }

  /** Whether the domain is active on the destination. */
  async hasDomain({ uuid }: Domain): Promise<boolean | Unknown> {
    const deadline = this.settings.ssh.deadline * 1000;
    const active = await this.ask((shell) => shell.activeDomains(deadline));
    return typeof active === 'string' ? active.includes(uuid) : active;
  }

  /** Prepares {@link arrivalOf}, while there is time. */
  async getReady(): Promise<void> {
    await this.connect().getReady(this.settings.ssh.deadline * 1000);
  }

  /** The domain's state on the destination, as libvirt there reports it. */
  async arrivalOf({ uuid }: Domain): Promise<Arrival | Unknown> {
    const deadline = this.settings.ssh.deadline * 1000;
    const reported = await this.ask((shell) => shell.stateOf(uuid, deadline));
    if (typeof reported !== 'string') return reported;
    if (reported !== '') return readArrival(reported);
    const active = await this.ask((shell) => shell.activeDomains(deadline));
    if (typeof active !== 'string') return active;
    return active.includes(uuid) ? unknownOf(message('no-state-there')) : absent;
  }

  /** To be called before each attempt, which starts another QEMU. */
  forgetQemu(): void {
    this.qemuPid = undefined;
  }

  /**
   * Looks for the domain's QEMU on the destination: libvirt writes its pid file before QEMU runs, readable for all users
   * (src/util/virpidfile.c). Returns whether it makes sense to look again.
   */
  async lookForQemu({ name, uuid }: Domain): Promise<boolean> {
    const { libvirt, ssh } = this.settings;
    const found = await this.connect().qemuOf(
      uuid,
      `${libvirt.stateDirectory}/${name}.pid`,
      ssh.deadline * 1000,
    );
    if (typeof found === 'object') return false;
    this.qemuPid = found;
    return found === undefined;
  }

  /**
   * Why QEMU here may not take its disks back: two QEMUs must never own one disk. `undefined` when the destination
   * surely has no copy of the domain; it gets time to end one. The end of the QEMU that was seen there is as reliable as
   * libvirt's answer, and up to 200 ms earlier (src/util/virprocess.c, virProcessKillPainfullyDelay).
   */
  async copyOf(domain: Domain): Promise<Failure | undefined> {
    const { host } = this;
    const until = performance.now() + this.settings.migrate.destinationDeadline * 1000;
    for (;;) {
      if (await this.hasQemuEnded(until)) return undefined;
      // A question to libvirt takes tens of milliseconds, so it is only asked if no QEMU was seen there.
      const has = this.qemuPid !== undefined ? true : await this.hasDomain(domain);
      if (typeof has !== 'boolean') {
        const values = { host, domain: domain.name, why: reasonIn(has) };
        return failureOf('undecided', message('copy-not-known', values));
      }
      if (!has) return undefined;
      if (performance.now() > until)
        return failureOf('problem', message('copy-left', { host, domain: domain.name }));
      await pause(copyPollMs);
    }
  }

  end(): void {
    this.shell?.end();
    this.shell = undefined;
  }

  private async hasQemuEnded(until: number): Promise<boolean> {
    const { qemuPid } = this;
    if (qemuPid === undefined) return false;
    const deadline = Math.max(1, until - performance.now());
    const alive = await this.ask((shell) => shell.isAlive(qemuPid, deadline));
    // libvirt is asked instead.
    if (typeof alive !== 'boolean') this.qemuPid = undefined;
    return alive === false;
  }

  /** A connection that was lost during a long move is opened once more. */
  private async ask<T extends object | string | boolean>(
    question: (shell: RemoteShell) => Promise<T | Unknown>,
  ): Promise<T | Unknown> {
    const isNew = this.shell === undefined;
    const answer = await question(this.connect());
    if (typeof answer !== 'object' || !isUnknown(answer) || isNew) return answer;
    this.end();
    return question(this.connect());
  }
}
