import { failureOf, GuardError, isFailure, type Failure } from '../../core/errors';
import { exitCodes, type ExitCode } from '../../core/exit-codes';
import { isUnknown } from '../../core/facts';
import type { HostAction } from '../../core/host-request';
import type { Settings } from '../../core/settings';
import { done, failed } from '../../opennebula/hook-log';
import {
  failedMigration,
  migrationUnderWay,
  type FailedMigration,
  type HookName,
  type LiveMigration,
} from '../../opennebula/live-migration';
import type { VmEvent } from '../../opennebula/vm-history';
import { validateHost } from '../../system/host-name';
import { showVm } from '../../system/onevm';
import { readSettings } from '../../system/settings-file';
import { readVmEvent } from '../read-vm';
import { askHost, isForeign, type HostAnswer } from './ask-host';
import type { Call, Reply } from './call';
import { keepRecord } from './keep-record';
import { retry } from './retry';

/**
 * While the memory is copied: mends the paths, all that can be mended now, before QEMU needs them at the end. Where the
 * VMM driver is guarded, the guard holds the VM's lock and has done so already.
 */
export function preMigrate(call: Call): Promise<Reply> {
  return asHook('pre-migrate', call, async (event, settings) => {
    const migration = migrationUnderWay(event);
    if (isFailure(migration)) return nothingToDo(event, migration.what);
    const { end, did } = await ask('repair', event, migration, settings, call);
    const domain = nameOf(event);
    if (end.exit === exitCodes.busy.status)
      return { ...ok(done(domain, `left alone: ${end.what}`)), note: { guard: 'not-needed' } };
    // OpenNebula starts hooks beside the migration, which may be faster.
    if (end.result === 'not-running')
      return nothingToDo(event, `it does not run on ${migration.source} any more`);
    return concluded(event, migration, end, did);
  });
}

/** Back in RUNNING: what a failed live migration left in QEMU is healed, its paths are mended; then one more attempt. */
export function postFailure(call: Call): Promise<Reply> {
  return asHook('post-failure', call, async (event, settings) => {
    const told = failedMigration(event);
    if (isFailure(told)) return nothingToDo(event, told.what);
    const migration = await failedMigrationNow(event, settings);
    if (isFailure(migration)) return nothingToDo(event, `the VM has gone on since: ${migration.what}`);
    const { end, did } = await ask('heal', event, migration, settings, call);
    const healed = concluded(event, migration, end, did);
    if (healed.exit !== 0 || !settings.hooks.retry) return healed;
    const again = await retry(event, told, settings, isDryRun(call));
    return { ...again, stdout: healed.stdout + again.stdout, stderr: healed.stderr + again.stderr };
  });
}

/**
 * The same of the VM as it is now: `onehook retry` replays events of any age, and who heals by an old one asks a host
 * for a copy to which the VM has not gone last. @throws GuardError when OpenNebula cannot be asked.
 */
async function failedMigrationNow(
  { vmId }: VmEvent,
  { ssh: { user } }: Settings,
): Promise<FailedMigration | Failure> {
  const shown = await showVm(vmId, user);
  const now = isUnknown(shown) ? failureOf('undecided', shown.unknown) : readVmEvent(shown);
  if (!isFailure(now)) return failedMigration(now);
  const what = `nobody can tell where the VM went last: ${now.what}`;
  throw new GuardError('undecided', what, `see onevm show ${vmId}, then run the hook again: onehook retry`);
}

/**
 * A hook runs beside what it is about, so its failure stops nothing: `policy.when_guard_fails` has no meaning here. What
 * keeps it from running is said, and its exit status shows it in OpenNebula's hook log.
 */
async function asHook(name: HookName, call: Call, work: Work): Promise<Reply> {
  const event = readVmEvent(eventOf(call));
  if (isFailure(event)) {
    const remedy = 'see ARGUMENTS and ARGUMENTS_STDIN in the template of the hook: onehook show -x';
    return failure('usage', 'the hook', `its event cannot be read: ${event.what}`, remedy);
  }
  const { vmId, guardMode, tellsLast } = event;
  const { reply, userTemplate } = await runHook(event, work);
  const migration = name === 'pre-migrate' ? migrationUnderWay(event) : failedMigration(event);
  // A VM gets to these states in many ways, and a rehearsal is no deed.
  if (isFailure(migration) || isDryRun(call)) return reply;
  const { source, destination } = migration;
  const tells = !userTemplate ? 'left' : tellsLast ? 'tells' : 'may tell';
  const domain = nameOf(event);
  keepRecord(
    { action: name, vmId, domain, source, destination, guardMode, userTemplate: tells },
    reply,
    call.place,
  );
  return reply;
}

type Work = (event: VmEvent, settings: Settings) => Promise<Reply>;

async function runHook(event: VmEvent, work: Work): Promise<{ reply: Reply; userTemplate: boolean }> {
  let userTemplate = false;
  try {
    const settings = await readSettings(undefined);
    ({ userTemplate } = settings.opennebula);
    if (event.guardMode.mode === 'off') return { reply: switchedOff(event), userTemplate };
    return { reply: await work(event, settings), userTemplate };
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    const what = `the hook cannot run: ${error.what}`;
    const reply = failure(error.code, nameOf(event), what, error.remedy);
    return { reply: { ...reply, note: { guard: 'could-not-run', why: error.what } }, userTemplate };
  }
}

function switchedOff(event: VmEvent): Reply {
  return { ...ok(done(nameOf(event), 'nothing is done: MIGRATE_GUARD_MODE is off')), note: { guard: 'off' } };
}

/** `$TEMPLATE` comes on stdin with ARGUMENTS_STDIN = "yes", and as the argument without. */
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
  { source, destination }: LiveMigration,
  { ssh: { user, deadline } }: Settings,
  call: Call,
): Promise<HostAnswer> {
  validateHost(source);
  validateHost(destination);
  const dryRun = isDryRun(call);
  const request = { version: call.version, action, domain: vmId, destination, dryRun };
  const answer = await askHost(request, { host: source, user, connectTimeout: deadline });
  if (!isUnknown(answer)) {
    const { end } = answer;
    if (isForeign(end)) throw new GuardError('undecided', end.what, end.remedy);
    return answer;
  }
  const what = `${source} cannot be asked: ${answer.unknown}`;
  throw new GuardError('undecided', what, `migrate-guard doctor --host ${source}`);
}

function concluded(
  event: VmEvent,
  { source }: LiveMigration,
  { exit, what, remedy }: HostAnswer['end'],
  did: readonly string[],
): Reply {
  const domain = nameOf(event);
  const lines = did.map((line) => done(domain, line)).join('');
  if (exit === 0) return ok(lines + done(domain, what));
  return { exit, stdout: lines, stderr: failed(`${domain} on ${source}`, what, remedy) };
}

function nothingToDo(event: VmEvent, why: string): Reply {
  const reply = ok(done(nameOf(event), `nothing to do: ${why}`));
  return { ...reply, note: { guard: 'not-needed' } };
}

function ok(stdout: string): Reply {
  return { exit: 0, stdout, stderr: '' };
}

function failure(code: ExitCode, subject: string, what: string, remedy: string | undefined): Reply {
  return { exit: exitCodes[code].status, stdout: '', stderr: failed(subject, what, remedy) };
}

function nameOf({ vmId }: VmEvent): string {
  return `one-${vmId}`;
}
