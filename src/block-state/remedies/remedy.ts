import type { LogFacts } from '../model/judge';
import type { Domain } from '../../hypervisor/model/domain-xml';
import type { Failure } from '../../core/errors';
import type { QemuAnswers } from '../../hypervisor/model/qmp';
import { objectionToCopy, type Situation } from '../model/preconditions';
import type { Settings } from '../../config/settings';
import { isUnknown, type Unknown } from '../../core/unknown';
import { askQemu, jobOf } from '../../hypervisor/qmp-client';
import { readQemuLog } from '../io/qemu-log';
import type { QemuProcess } from '../../hypervisor/process';
import { readResetRecord } from '../io/reset-record';
import type { Virsh } from '../../hypervisor/virsh';
import type { Destination } from '../../destination/destination';
import type { MemoryReading } from '../inspect';

/** A remedy that was applied. */
export interface AppliedRemedy {
  readonly what: string;
  /** QEMU itself reports that it took all its disks back. */
  readonly activatedAll: boolean;
}

export interface Plan {
  /** Command lines and gdb scripts, as a person would type them. */
  readonly commands: readonly string[];
  readonly apply: () => Promise<AppliedRemedy | Unknown>;
}

/** Plans a remedy on fresh facts, or returns why it must not be applied now. */
export type Remedy = (
  target: ResetTarget,
  reading: MemoryReading,
) => Plan | Failure | Promise<Plan | Failure>;

/** The domain of a reset, with the questions that its remedies ask about it. */
export class ResetTarget {
  /** After one question without an answer libvirtd is not asked again: each would wait for the deadline. */
  private noAnswer: Unknown | undefined;
  private copyAnswer: Promise<Failure | undefined> | undefined;

  /** @param destination of the last migration, if that is known */
  constructor(
    readonly domain: Domain,
    readonly held: QemuProcess,
    readonly settings: Settings,
    private readonly destination: Destination | undefined,
    readonly virsh: Virsh,
  ) {}

  answers(): Promise<QemuAnswers | Unknown> {
    return this.ask(() => askQemu(this.virsh, this.domain.uuid));
  }

  /** As libvirt reports it. */
  libvirtState(): Promise<string | Unknown> {
    return this.ask(() => this.virsh.state(this.domain.uuid));
  }

  /** QEMU's own run state where its memory was read, otherwise the state as libvirt reports it. */
  async runState(reading: MemoryReading): Promise<string | Unknown> {
    return isUnknown(reading) ? this.libvirtState() : reading.memory.runState;
  }

  /** Why a copy on another host may own the disks. Asked once for all remedies. */
  copy(): Promise<Failure | undefined> {
    const { domain, held, settings, destination } = this;
    const log = (): LogFacts | Unknown =>
      readQemuLog(settings.libvirt.logDirectory, domain.name, held, readResetRecord(domain.name, held));
    return (this.copyAnswer ??=
      destination === undefined
        ? Promise.resolve(objectionToCopy(log(), domain.name))
        : destination.copyOf(domain));
  }

  situation(reading: MemoryReading): Situation {
    const job = jobOf(this.settings.libvirt.stateDirectory, this.domain.name);
    return { job, memory: isUnknown(reading) ? reading : reading.memory };
  }

  private async ask<T extends string | object>(question: () => Promise<T | Unknown>): Promise<T | Unknown> {
    if (this.noAnswer) return this.noAnswer;
    const answer = await question();
    if (typeof answer === 'object' && isUnknown(answer)) this.noAnswer = answer;
    return answer;
  }
}
