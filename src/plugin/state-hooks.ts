import { failureOf, GuardError, isFailure, type Failure } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import type { HostAction } from '../agent-protocol/model/request';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { done, failed } from '../opennebula/model/hook-log';
import {
  failedMigration,
  failedMove,
  failedSaveNow,
  migrationUnderWay,
  type FailedMigration,
  type FailedSave,
  type HookName,
  type LiveMigration,
} from '../opennebula/model/migration-history';
import type { VmEvent } from '../opennebula/model/vm-event';
import { message, textOf } from '../messages';
import { validateHost } from '../os/host-name';
import { showVm } from '../opennebula/onevm';
import { readSettings } from '../config/read';
import { readVmEvent } from '../opennebula/read-vm';
import { agentOn, runAgentAction, isForeign, type HostAnswer } from '../agent-protocol/run-action';
import type { Call, Reply } from './script-call';
import { failedReply, hookReply } from './hook-reply';
import { keepRecord } from './keep-record';
import { retry } from './retry-migration';

/**
 * While the memory is copied: repairs the paths, which is all that can be repaired now, before QEMU needs them at the
 * end. Where the VMM driver is guarded, the guard holds the VM's lock and has repaired them already.
 */
export function preMigrate(call: Call): Promise<Reply> {
  return asHook('pre-migrate', call, async (event, settings) => {
    const migration = migrationUnderWay(event);
    if (isFailure(migration)) return nothingToDo(event, migration.what);
    const { end, did } = await ask('repair', event, migration, settings, call);
    const domain = nameOf(event);
    if (end.exit === exitCodes.busy.status)
      return {
        ...hookReply(domain, textOf('hook-left-alone', { reason: end.what })),
        note: { guard: 'not-needed' },
      };
    // OpenNebula starts hooks in parallel to the migration, which may be faster.
    if (end.result === 'not-running')
      return nothingToDo(event, textOf('not-on-source', { source: migration.source }));
    return concluded(event, migration, end, did);
  });
}

/**
 * After the return to RUNNING: heals what a failed live migration or save left in QEMU, and repairs the paths; then
 * retries a migration once.
 */
export function postFailure(call: Call): Promise<Reply> {
  return asHook('post-failure', call, async (event, settings) => {
    const failed = failedMove(event);
    if (isFailure(failed)) return nothingToDo(event, failed.what);
    const now = await failedMoveNow(event, failed, settings);
    if (isFailure(now)) return nothingToDo(event, textOf('vm-changed-since', { reason: now.what }));
    const { end, did } = await ask('heal', event, now, settings, call);
    const healed = concluded(event, now, end, did);
    if (healed.exit !== 0 || !settings.hooks.retry || failed.destination === undefined) return healed;
    const again = await retry(event, failed, settings, isDryRun(call));
    return { ...again, stdout: healed.stdout + again.stdout, stderr: healed.stderr + again.stderr };
  });
}

/**
 * The present failure of the VM: `onehook retry` replays events of any age, and healing by an old one would ask a
 * host for a copy that was not the last destination.
 * @throws GuardError when OpenNebula cannot be asked
 */
async function failedMoveNow(
  { vmId }: VmEvent,
  failed: FailedMigration | FailedSave,
  { ssh: { user } }: Settings,
): Promise<FailedMigration | FailedSave | Failure> {
  const shown = await showVm(vmId, user);
  const now = isUnknown(shown) ? failureOf('undecided', shown.unknown) : readVmEvent(shown);
  if (!isFailure(now))
    return failed.destination === undefined ? failedSaveNow(now, failed) : failedMigration(now);
  throw new GuardError('undecided', message('last-destination-unknown', { why: now.what, vm: vmId }));
}

/**
 * A hook runs in parallel to its event, so its failure stops nothing: `policy.when_guard_fails` does not apply. The
 * reason is printed, and the exit status shows it in OpenNebula's hook log.
 */
async function asHook(name: HookName, call: Call, work: Work): Promise<Reply> {
  const event = readVmEvent(eventOf(call));
  if (isFailure(event)) {
    return failedReply(
      'the hook',
      failureOf('usage', message('hook-event-unreadable', { reason: event.what })),
    );
  }
  const { vmId, guardMode, hasLastAttribute } = event;
  const { reply, mayChangeTemplate } = await runHook(event, work);
  const move = name === 'pre-migrate' ? migrationUnderWay(event) : failedMove(event);
  // Not recorded: a VM gets into these states for many reasons, and a test run does nothing.
  if (isFailure(move) || isDryRun(call)) return reply;
  const { source, destination } = move;
  const about = { action: name, vmId, domain: nameOf(event), source, destination };
  keepRecord({ ...about, guardMode, mayChangeTemplate, hasLastAttribute }, reply, call.place);
  return reply;
}

type Work = (event: VmEvent, settings: Settings) => Promise<Reply>;

async function runHook(event: VmEvent, work: Work): Promise<{ reply: Reply; mayChangeTemplate: boolean }> {
  let mayChangeTemplate = false;
  try {
    const settings = await readSettings(undefined);
    mayChangeTemplate = settings.opennebula.userTemplate;
    if (event.guardMode.mode === 'off') return { reply: switchedOff(event), mayChangeTemplate };
    return { reply: await work(event, settings), mayChangeTemplate };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    const { code, what: why, remedy } = error;
    const failure = { code, ...message('hook-cannot-run', { reason: why }), remedy };
    const reply = failedReply(nameOf(event), failure);
    return { reply: { ...reply, note: { guard: 'could-not-run', why } }, mayChangeTemplate };
  }
}

function switchedOff(event: VmEvent): Reply {
  return {
    ...hookReply(nameOf(event), textOf('hook-mode-off')),
    note: { guard: 'off' },
  };
}

/** `$TEMPLATE` arrives on stdin with ARGUMENTS_STDIN = "yes", and as the argument without. */
function eventOf({ args, input }: Call): string {
  const given = input.toString('utf8');
  return given.trim() === '' ? (args.find((word) => !word.startsWith('--')) ?? '') : given;
}

function isDryRun({ args }: Call): boolean {
  return args.includes('--dry-run');
}

/** @throws GuardError when the source cannot be asked, or the guard is not for that domain. */
async function ask(
  action: HostAction,
  { vmId }: VmEvent,
  { source, destination }: LiveMigration | FailedSave,
  settings: Settings,
  call: Call,
): Promise<HostAnswer> {
  validateHost(source);
  if (destination !== undefined) validateHost(destination);
  const dryRun = isDryRun(call);
  const towards = destination === undefined ? {} : { destination };
  const request = { version: call.version, action, domain: vmId, ...towards, dryRun };
  const answer = await runAgentAction(request, agentOn(source, settings));
  if (!isUnknown(answer)) {
    const { end } = answer;
    if (isForeign(end)) throw new GuardError('undecided', end.what, end.remedy);
    return answer;
  }
  throw new GuardError('undecided', message('source-not-asked', { source, why: answer.unknown }));
}

function concluded(
  event: VmEvent,
  { source }: LiveMigration | FailedSave,
  { exit, what, remedy }: HostAnswer['end'],
  did: readonly string[],
): Reply {
  const domain = nameOf(event);
  const lines = did.map((line) => done(domain, line)).join('');
  if (exit === 0) return hookReply(domain, what, lines);
  return { exit, stdout: lines, stderr: failed(`${domain} on ${source}`, what, remedy) };
}

function nothingToDo(event: VmEvent, reason: string): Reply {
  const what = textOf('hook-nothing-to-do', { reason });
  return { ...hookReply(nameOf(event), what), note: { guard: 'not-needed' } };
}

function nameOf({ vmId }: VmEvent): string {
  return `one-${vmId}`;
}
