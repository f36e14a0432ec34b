import type { LogFacts, QemuAnswers } from '../core/block-state';
import type { Domain } from '../core/domain';
import { isUnknown, type Unknown } from '../core/facts';
import { flagAddress } from '../core/block-backends';
import { gdbScript } from '../core/gdb-script';
import {
  mayStillWrite,
  objection,
  objectionToCopy,
  stuckBackends,
  type Objection,
  type Situation,
} from '../core/reset-plan';
import type { Settings } from '../core/settings';
import type { Strategy } from '../core/strategy';
import { gdbCommand, hasGdb, runGdb } from '../system/gdb';
import { activate, askQemu, jobOf } from '../system/monitor';
import type { QemuProcess } from '../system/qemu-process';
import { clearFlags } from '../system/qemu-memory';
import { readQemuLog } from '../system/qemu-log';
import { readResetNote } from '../system/reset-note';
import { Virsh } from '../system/virsh';
import type { Destination } from './destination';
import type { Inspection, MemoryReading } from './inspect';

export interface Applied {
  readonly what: string;
  /** QEMU itself took all its disks back, and said so. */
  readonly activatedAll: boolean;
}

export interface Plan {
  readonly commands: readonly string[];
  readonly apply: () => Promise<Applied | Unknown>;
}

/** The four remedies for one domain. Each is planned on fresh facts, and refused with the reason. */
export class Remedies {
  /** libvirtd that did not answer once is not asked again: each question would wait as long. */
  private silent: Unknown | undefined;
  private copyAnswer: Promise<Objection | undefined> | undefined;

  /** @param destination where the domain was to go, if that is known. */
  constructor(
    private readonly domain: Domain,
    private readonly held: QemuProcess,
    private readonly settings: Settings,
    private readonly destination: Destination | undefined,
    private readonly virsh: Virsh,
  ) {}

  async plan(strategy: Strategy, { reading }: Inspection): Promise<Plan | Objection> {
    switch (strategy) {
      case 'cont':
        return this.planCont(reading);
      case 'suspend-resume':
        return this.planSuspendResume(reading);
      case 'memory':
        return this.planMemory(reading);
      case 'gdb':
        return this.planGdb(reading);
    }
  }

  /**
   * What proves the block state where memory cannot be read. QEMU answers `cont`, `blockdev-set-active` and
   * libvirt's resume with success only after bdrv_activate_all() went through all nodes that belong to a disk
   * and found no error; the one way around it, a node without a driver, makes query-named-block-nodes fail. And
   * the guest has to run: in `suspended` QEMU says success and does nothing.
   */
  async prove(inspection: Inspection): Promise<Inspection> {
    const answers = await askQemu(this.virsh, this.domain.uuid);
    if (isUnknown(answers) || answers.status !== 'running') return inspection;
    if (answers.inactiveNodes !== undefined && answers.inactiveNodes.length > 0) return inspection;
    const what =
      'QEMU took every disk back and reported no error (bdrv_activate_all); its memory was not read';
    const evidence = { answers: `status ${answers.status}, migration ${answers.migration ?? 'none'}` };
    return {
      ...inspection,
      blockState: 'healthy',
      findings: [{ check: 'block-state', state: 'ok', what, evidence }],
    };
  }

  /** Whether the guest runs: QEMU's own run state where its memory was read, else libvirt's word. */
  async runState(reading: MemoryReading): Promise<string | Unknown> {
    return isUnknown(reading) ? this.ask(() => this.virsh.state(this.domain.uuid)) : reading.memory.runState;
  }

  private async planCont(reading: MemoryReading): Promise<Plan | Objection> {
    const copy = await this.copy();
    const answers = await this.ask(() => askQemu(this.virsh, this.domain.uuid));
    const refused = objection('cont', { ...this.situation(reading), answers, copy });
    if (refused) return refused;
    const command = (answers as QemuAnswers).inactiveNodes === undefined ? 'cont' : 'blockdev-set-active';
    const order = JSON.stringify({
      execute: command,
      ...(command === 'cont' ? {} : { arguments: { active: true } }),
    });
    return {
      commands: [`virsh qemu-monitor-command ${this.domain.name} '${order}'`],
      apply: async () => {
        const done = await activate(this.virsh, this.domain.uuid, answers as QemuAnswers);
        return isUnknown(done) ? done : { what: `QEMU answered ${done.by} with success`, activatedAll: true };
      },
    };
  }

  private async planSuspendResume(reading: MemoryReading): Promise<Plan | Objection> {
    const { uuid } = this.domain;
    const copy = await this.copy();
    const libvirtState = await this.ask(() => this.virsh.state(uuid));
    const answers = isUnknown(reading) ? await this.ask(() => askQemu(this.virsh, uuid)) : undefined;
    const refused = objection('suspend-resume', {
      ...this.situation(reading),
      libvirtState,
      copy,
      ...(answers ? { answers } : {}),
    });
    if (refused) return refused;
    return {
      commands: [`virsh 'suspend --domain ${uuid}; resume --domain ${uuid}'`],
      apply: async () => {
        const done = await this.virsh.suspendAndResume(uuid);
        return isUnknown(done) ? done : { what: 'the guest was suspended and resumed', activatedAll: true };
      },
    };
  }

  private planMemory(reading: MemoryReading): Plan | Objection {
    const refused = objection('memory', this.situation(reading));
    if (refused || isUnknown(reading)) return refused ?? { why: 'memory was not read' };
    const { memory, known } = reading;
    const flags = stuckBackends(memory).map((backend) => flagAddress(known.layout, backend));
    return {
      commands: flags.map(
        (flag) => `write one byte 0 at 0x${flag.toString(16)} of /proc/${this.held.pid}/mem`,
      ),
      apply: () => {
        const done = clearFlags(this.held, known, flags, (now) => mayStillWrite(now, memory));
        return Promise.resolve(
          isUnknown(done) ? done : { what: `${done.cleared} flags cleared`, activatedAll: false },
        );
      },
    };
  }

  private async planGdb(reading: MemoryReading): Promise<Plan | Objection> {
    const refused = objection('gdb', this.situation(reading));
    if (refused || isUnknown(reading)) return refused ?? { why: 'memory was not read' };
    if (!(await hasGdb())) return { why: 'gdb is not installed' };
    const { memory, known } = reading;
    const script = gdbScript(this.held.pid, memory, stuckBackends(memory), known);
    const file = `reset-${this.held.pid}.gdb`;
    const line = gdbCommand(file).map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word}'`));
    return {
      // gdb reads no script from a pipe.
      commands: [`cat >${file} <<'END'\n${script}END`, line.join(' ')],
      apply: async () => {
        const done = await runGdb(this.held, script, this.settings.reset.gdbDeadline);
        return isUnknown(done) ? done : { what: 'gdb cleared the flags and detached', activatedAll: false };
      },
    };
  }

  /** Asked once for all remedies. */
  private copy(): Promise<Objection | undefined> {
    const { domain, held, settings, destination } = this;
    const log = (): LogFacts | Unknown =>
      readQemuLog(settings.libvirt.logDirectory, domain.name, held, readResetNote(domain.name, held));
    return (this.copyAnswer ??=
      destination === undefined
        ? Promise.resolve(objectionToCopy(log(), domain.name))
        : destination.copyOf(domain));
  }

  private situation(reading: MemoryReading): Situation {
    const job = jobOf(this.settings.libvirt.stateDirectory, this.domain.name);
    return { job, memory: isUnknown(reading) ? reading : reading.memory };
  }

  private async ask<T extends string | object>(question: () => Promise<T | Unknown>): Promise<T | Unknown> {
    if (this.silent) return this.silent;
    const answer = await question();
    if (typeof answer === 'object' && isUnknown(answer)) this.silent = answer;
    return answer;
  }
}
