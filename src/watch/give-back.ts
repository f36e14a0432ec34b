import { logBytes, readQemuLog } from '../block-state/io/qemu-log';
import { readResetRecord } from '../block-state/io/reset-record';
import type { LogFacts } from '../block-state/model/judge';
import { objectionToCopy } from '../block-state/model/preconditions';
import { reactivateAfterJob } from '../block-state/reactivate';
import { resetLocked } from '../block-state/reset';
import { resetResults } from '../block-state/reset-report';
import type { Settings } from '../config/settings';
import { GuardError, messageOf, type Failure, type Reason } from '../core/errors';
import type { BlockState } from '../core/finding';
import { isUnknown, type Unknown } from '../core/unknown';
import { withDomainLock } from '../hypervisor/domain-lock';
import { holdQemu, isGone } from '../hypervisor/hold-qemu';
import type { Domain } from '../hypervisor/model/domain-xml';
import type { QemuProcess } from '../hypervisor/process';
import { jobOf } from '../hypervisor/qmp-client';
import type { VirshSession } from '../hypervisor/virsh-session';
import { message, textOf } from '../messages';
import { log } from '../os/log';
import { watcherStrategies } from './model/handover';

/** For a repair of the same VM by this process; a guard holds the lock for longer. In milliseconds. */
const patience = 500;
/** virtlogd rotates at 2 MiB (max_size of virtlogd.conf). */
const longLogBytes = 2 * 1024 * 1024;

/** `undefined`: there was nothing to do. `busy`: a guard stands by, or another migrate-guard works on the VM. */
export type GivenBack = { readonly done: string } | { readonly notDone: Reason } | 'busy' | undefined;

interface Wanted {
  readonly domain: Domain;
  readonly settings: Settings;
  /** As it was seen; a failure in the log leaves it unknown. */
  readonly blockState: BlockState;
  /** Connected already, for a hand-over that failed a moment ago. */
  readonly virsh?: VirshSession;
}

/**
 * Gives QEMU its disks back after a failed hand-over: under the VM's lock, with the proof that no copy owns the disks, and
 * without stopping or starting anything. Of another host this process knows nothing, so only QEMU's log can be the proof.
 */
export async function giveBack(wanted: Wanted): Promise<GivenBack> {
  const { domain } = wanted;
  const held = holdQemu(domain);
  if (isUnknown(held)) return undefined;
  try {
    return await withDomainLock(domain.name, () => giveBackLocked(wanted, held), { patience });
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return error.code === 'busy' ? 'busy' : { notDone: messageOf(error) };
  } finally {
    held.close();
  }
}

async function giveBackLocked(
  { domain, settings, blockState, virsh }: Wanted,
  held: QemuProcess,
): Promise<GivenBack> {
  const { libvirt, reset } = settings;
  const readLog = (): LogFacts | Unknown => logOf(domain, held, settings);
  const copy = (): Failure | undefined => objectionToCopy(readLog(), domain.name);
  const strategies = watcherStrategies(reset.strategies);
  const isUrgent = virsh !== undefined && strategies[0] === 'cont';
  const reactivated = isUrgent ? await reactivateAfterJob({ domain, settings, virsh, copy }) : undefined;
  if (reactivated) log('ordered QEMU to take its disks back', { domain: domain.name, ...reactivated });
  const isBack = reactivated !== undefined && !isUnknown(reactivated);
  const done = isBack && {
    done: textOf('disks-given-back', { command: 'cont', milliseconds: reactivated.milliseconds }),
  };
  // A job that runs on, or that has begun since.
  if (isGone(domain) || jobOf(libvirt.stateDirectory, domain.name) !== undefined) return done || undefined;
  const facts = readLog();
  // The log may have been rotated since QEMU was given them.
  if (blockState === 'unknown' && !hasFailed(facts)) return done || undefined;
  const refusal = objectionToCopy(facts, domain.name);
  if (refusal) return done || { notDone: messageOf(refusal) };
  if (strategies.length === 0) return { notDone: message('watch-without-remedy') };
  const restricted = { ...settings, reset: { ...reset, strategies } };
  const report = await resetLocked(domain, { settings: restricted, strategy: 'auto', dryRun: false });
  const end = resetResults[report.result];
  if (done && end !== 'failed' && end !== 'person') return done;
  if (end !== 'ok') return { notDone: report };
  const by = report.actions.find(({ outcome }) => outcome === 'done')?.strategy;
  return by && { done: textOf('disks-given-back-later', { command: by, state: blockState }) };
}

/**
 * Reads the proof as it will be read after a failure: code that was never run takes longer. Not in a log that is longer than
 * virtlogd lets one be, which takes longer than all else.
 */
export function rehearse(domain: Domain, settings: Settings): void {
  if (logBytes(settings.libvirt.logDirectory, domain.name) > longLogBytes) return;
  const held = holdQemu(domain);
  if (isUnknown(held)) return;
  try {
    objectionToCopy(logOf(domain, held, settings), domain.name);
  } finally {
    held.close();
  }
}

function logOf(domain: Domain, held: QemuProcess, { libvirt }: Settings): LogFacts | Unknown {
  return readQemuLog(libvirt.logDirectory, domain.name, held, readResetRecord(domain.name, held));
}

/** Whether some hand-over has failed since the start of QEMU, or since a reset that was verified. */
function hasFailed(facts: LogFacts | Unknown): boolean {
  return !isUnknown(facts) && facts.signatures.some(({ meaning }) => meaning === 'inactivate-failed');
}
