import { setTimeout as pause } from 'node:timers/promises';
import { absent, readArrival, type Arrival } from './model/arrival';
import type { DestinationPath } from './model/destination-path';
import type { Domain } from '../hypervisor/model/domain-xml';
import { failureOf, type Failure } from '../core/errors';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import { DestinationSession } from './remote-shell';

/** Milliseconds between two questions whether a copy of the domain is left. */
const copyPollMs = 10;

/** The host that a domain is to go to, asked over one connection that stays until the end. */
export class Destination {
  /** The process of the domain's QEMU over there, once it was seen. */
  private seen: number | undefined;

  private session: DestinationSession | undefined;

  constructor(
    readonly host: string,
    private readonly settings: Settings,
  ) {}

  /** Connects before anything is asked, so that no question has to wait for it. */
  connect(): void {
    const { user, deadline } = this.settings.ssh;
    this.session ??= DestinationSession.open(this.host, user, deadline);
  }

  /** What stands at the paths over there. */
  paths(paths: readonly string[]): Promise<readonly DestinationPath[] | Unknown> {
    const deadline = this.settings.ssh.deadline * 1000;
    return this.ask((session) => session.paths(paths, deadline));
  }

  /** Whether the domain is active over there. */
  async hasDomain({ uuid }: Domain): Promise<boolean | Unknown> {
    const deadline = this.settings.ssh.deadline * 1000;
    const active = await this.ask((session) => session.activeDomains(deadline));
    return typeof active === 'string' ? active.includes(uuid) : active;
  }

  /** Makes ready for {@link arrivalOf}, while there is time. */
  async getReady(): Promise<void> {
    this.connect();
    await this.session?.getReady(this.settings.ssh.deadline * 1000);
  }

  /** What has become of the domain over there, by libvirt's word. */
  async arrivalOf({ uuid }: Domain): Promise<Arrival | Unknown> {
    const deadline = this.settings.ssh.deadline * 1000;
    const reported = await this.ask((session) => session.stateOf(uuid, deadline));
    if (typeof reported !== 'string') return reported;
    if (reported !== '') return readArrival(reported);
    const active = await this.ask((session) => session.activeDomains(deadline));
    if (typeof active !== 'string') return active;
    return active.includes(uuid) ? { unknown: 'libvirt there does not tell its state' } : absent;
  }

  /** Before each attempt: what was seen was another QEMU. */
  forgetQemu(): void {
    this.seen = undefined;
  }

  /**
   * Remembers the domain's QEMU over there, if it can be seen: libvirt writes its pid file before QEMU runs, and for
   * everyone to read (src/util/virpidfile.c). Gives whether it is of use to look again.
   */
  async lookForQemu({ name, uuid }: Domain): Promise<boolean> {
    this.connect();
    const { libvirt, ssh } = this.settings;
    const found = await this.session?.qemuOf(
      uuid,
      `${libvirt.stateDirectory}/${name}.pid`,
      ssh.deadline * 1000,
    );
    if (typeof found === 'object') return false;
    this.seen = found;
    return found === undefined;
  }

  /**
   * Why QEMU here may not take its disks back: two QEMUs must never own one disk. `undefined` when the destination
   * surely has no copy of the domain; it is given time to end one. That the QEMU that was seen over there has ended is
   * as sure as what libvirt says, and known up to 200 ms earlier (src/util/virprocess.c, virProcessKillPainfullyDelay).
   */
  async copyOf(domain: Domain): Promise<Failure | undefined> {
    const { host } = this;
    const until = performance.now() + this.settings.migrate.destinationDeadline * 1000;
    for (;;) {
      if (await this.hasQemuEnded(until)) return undefined;
      // libvirt costs tens of milliseconds a question; it is asked where nothing else can tell.
      const has = this.seen !== undefined ? true : await this.hasDomain(domain);
      if (typeof has !== 'boolean') {
        const why = `nobody can tell whether ${host} has a copy of ${domain.name}: ${has.unknown}`;
        return failureOf('undecided', why);
      }
      if (!has) return undefined;
      if (performance.now() > until)
        return failureOf('problem', `${host} still has a copy of ${domain.name}`);
      await pause(copyPollMs);
    }
  }

  end(): void {
    this.session?.end();
    this.session = undefined;
  }

  private async hasQemuEnded(until: number): Promise<boolean> {
    const { seen } = this;
    if (seen === undefined) return false;
    const deadline = Math.max(1, until - performance.now());
    const alive = await this.ask((session) => session.isAlive(seen, deadline));
    // Then libvirt has to tell.
    if (typeof alive !== 'boolean') this.seen = undefined;
    return alive === false;
  }

  /** A connection that died of old age during a long move is made once more. */
  private async ask<T extends object | string | boolean>(
    question: (session: DestinationSession) => Promise<T | Unknown>,
  ): Promise<T | Unknown> {
    const isNew = this.session === undefined;
    this.connect();
    const answer = await question(this.session as DestinationSession);
    if (typeof answer !== 'object' || !isUnknown(answer) || isNew) return answer;
    this.end();
    this.connect();
    return question(this.session as unknown as DestinationSession);
  }
}
