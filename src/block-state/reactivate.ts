import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../config/settings';
import type { Failure } from '../core/errors';
import { isUnknown, type Unknown } from '../core/unknown';
import { endOfJob } from '../hypervisor/end-of-job';
import type { Domain } from '../hypervisor/model/domain-xml';
import { readAnswers, type QemuAnswers, type QmpReply } from '../hypervisor/model/qmp';
import { askMonitor, jobOf } from '../hypervisor/qmp-client';
import type { VirshSession } from '../hypervisor/virsh-session';
import { textOf } from '../messages';
import { objection } from './model/preconditions';
import type { Reactivation } from './model/reactivation';

/** While QEMU ends a migration that failed. */
const finishPollMs = 5;

/** A domain whose hand-over failed a moment ago. */
export interface FailedHandover {
  readonly domain: Domain;
  readonly settings: Settings;
  /** Connected already: that takes longer than all that is done here. */
  readonly virsh: VirshSession;
  /** Why a copy on another host may own the disks; asked when libvirt's job has ended. */
  readonly copy: () => Promise<Failure | undefined> | Failure | undefined;
}

/**
 * Orders QEMU to take its disks back as soon as libvirt's job has ended, no copy of the domain is left, and the guest runs.
 * On an affected QEMU the guest's next write may kill it.
 */
export async function reactivateAfterJob(failed: FailedHandover): Promise<Reactivation> {
  const ended = await endOfJob(failed.domain, failed.settings);
  if (isUnknown(ended)) return ended;
  const copy = await failed.copy();
  if (copy) return { unknown: copy.what };
  const cleared = performance.now();
  const done = await activate(failed);
  if (done !== true) return done;
  const since = (moment: number): number => Math.round(moment - ended.at);
  return { milliseconds: since(performance.now()), destination: since(cleared) };
}

async function activate(failed: FailedHandover): Promise<true | Unknown> {
  const { domain, settings } = failed;
  const answers = await settledAnswers(failed);
  const job = jobOf(settings.libvirt.stateDirectory, domain.name);
  const refused = objection('cont', { job, memory: { unknown: textOf('memory-not-read') }, answers });
  if (refused) return { unknown: refused.what };
  const reply = await ask(failed, 'cont');
  if (isUnknown(reply)) return reply;
  return reply.kind === 'return' ? true : { unknown: textOf('cont-refused', { words: reply.text }) };
}

/** QEMU reports the failed migration before it resumes the guest (migration.c, migration_iteration_finish); bounded. */
async function settledAnswers(failed: FailedHandover): Promise<QemuAnswers | Unknown> {
  const until = performance.now() + failed.settings.migrate.destinationDeadline * 1000;
  for (;;) {
    const status = await ask(failed, 'query-status');
    const migration = await ask(failed, 'query-migrate');
    const answers = readAnswers(status, migration, { kind: 'return', value: [] });
    const isFinishing = !isUnknown(answers) && answers.status === 'finish-migrate';
    if (!isFinishing || performance.now() > until) return answers;
    await pause(finishPollMs);
  }
}

function ask({ virsh, domain }: FailedHandover, execute: string): Promise<QmpReply | Unknown> {
  return askMonitor(virsh, domain.uuid, execute);
}
