import { isFailure } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import type { Order } from '../core/order';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import {
  describeInvalidMode,
  guardModeOf,
  mayOverrule,
  hasLastAttribute,
  defaultMode,
  type GuardMode,
} from '../opennebula/model/guard-mode';
import { errorsAsWarnings } from '../opennebula/model/script-report';
import { objectionToTarget } from '../move/model/datastore-move';
import type { TmScript } from '../opennebula/model/tm-script-calls';
import { failure, info, warning } from '../opennebula/model/vm-log';
import { textOf, type Message } from '../messages';
import { showVm } from '../opennebula/onevm';
import { readVm } from '../opennebula/read-vm';
import {
  agentOn,
  runAgentAction,
  isForeign,
  notReady,
  refusalOf,
  whyNotStarted,
} from '../agent-protocol/run-action';
import { readForDriver, refusalReply, type Call, type DriverSettings, type Reply } from './script-call';
import { readScriptArguments, type ScriptRequest } from './script-request';
import { refusedBefore } from './earlier-veto';
import { keepRecord } from './keep-record';
import { loggedOnSuccess } from './logged-on-success';
import { cannotContinue, withoutGuard } from './without-guard';

/**
 * Scripts for a site whose datastore driver calls them. `premigrate`, before a live migration or a move to another
 * datastore of the same host, vetoes what cannot be made safe. A veto leaves nothing to undo: a repair only adds what
 * the host has, and `failmigrate` does nothing then. The destination is not asked for the paths, because datastore drivers attach the disks there afterwards.
 * `failmigrate` runs after a failure: OpenNebula only logs its result. `precheck` is for a script that gives another order
 * to QEMU, such as a live snapshot, and does for that order what `premigrate` does for a migration.
 */
export async function tmScript(name: TmScript | 'precheck', call: Call): Promise<Reply> {
  const request = readScriptArguments(name, call.args);
  if (isFailure(request)) return refusalReply(name, request);
  const { source, destination, vmId } = request;
  // A move to another datastore of the same host that failed leaves no disk inactive, and no copy of the VM elsewhere;
  // which disks it has moved, the VMM driver says (datastore-driver.ts).
  if (name === 'failmigrate' && source === destination) return { exit: 0, stdout: '', stderr: '' };
  // It runs no mover: it needs only the policy for a guard that cannot run, and the settings for its reports.
  const configured = await readForDriver(['policy']);
  const vm = readVm(call.input.toString('utf8'));
  const known = isFailure(vm) ? undefined : guardModeOf(vm);
  const first = await runTmScript(request, name, known ?? defaultMode, configured, call);
  // If the driver did not pass on the VM, OpenNebula is asked for its mode, but only where the mode decides over a veto.
  const guardMode =
    known ?? (first.exit !== 0 && name !== 'failmigrate' ? await askMode(vmId, configured) : defaultMode);
  const reply = name === 'failmigrate' ? first : withoutVeto(first, vmId, guardMode);
  const mayChangeTemplate = !isFailure(configured) && configured.settings.opennebula.userTemplate;
  const reported = { mayChangeTemplate, hasLastAttribute: !isFailure(vm) && hasLastAttribute(vm) };
  const domain = `one-${vmId}`;
  keepRecord({ action: name, vmId, domain, source, destination, guardMode, ...reported }, reply, call.place);
  return loggedOnSuccess(reply, vmId, call.place);
}

const ofSnapshots: readonly Order[] = ['snapshot', 'commit'];

async function runTmScript(
  request: ScriptRequest,
  name: TmScript | 'precheck',
  { mode, invalid }: GuardMode,
  configured: DriverSettings,
  { version, place }: Call,
): Promise<Reply> {
  const { source, vmId, destination, orders } = request;
  if (mode === 'off') {
    const stderr = warning(`VM ${vmId}: ${textOf('mode-off-nothing-done')}`);
    return { exit: 0, stdout: '', stderr, note: { guard: 'off' } };
  }
  const vetoedBy = name === 'failmigrate' ? refusedBefore(request, place) : undefined;
  if (vetoedBy !== undefined) {
    const stderr = info(`VM ${vmId}: ${textOf('vetoed-before', { action: vetoedBy })}`);
    return { exit: 0, stdout: '', stderr, note: { guard: 'not-needed' } };
  }
  if (isFailure(configured)) return cannotContinue(`VM ${vmId}`, configured);
  const { settings, broken } = configured;
  if (broken !== undefined) return cannotRun(broken, request, settings);
  const action = name === 'failmigrate' ? 'heal' : 'prepare';
  const wanted = {
    ...(destination === undefined || destination === source ? {} : { destination }),
    ...(orders === undefined ? {} : { orders }),
  };
  const asked = { version, action, domain: vmId, ...wanted } as const;
  const answer = await runAgentAction(asked, agentOn(source, settings), settings.host.deadline * 1000);
  if (isUnknown(answer)) return cannotRun(whyNotStarted(answer), request, settings);
  if (answer.late) return cannotRun({ what: notReady(settings.host.deadline) }, request, settings);
  const { end, did, isLost } = answer;
  // A snapshot of a VM that is off, or its deletion, is no order to QEMU.
  if (orders?.every((order) => ofSnapshots.includes(order)) && end.result === 'not-running')
    return { exit: 0, stdout: '', stderr: '', note: { guard: 'not-needed' } };
  // Only the VM's number is known here, and an imported VM runs under another name.
  if (isForeign(end) || end.result === 'not-running') {
    const reply = await cannotRun(refusalOf(end), request, settings);
    const { exit, stdout, stderr } = reply;
    // After a failure the VM may have died, or arrived: the guard did run there, and had nothing to do.
    return action === 'heal' && !isForeign(end) ? { exit, stdout, stderr } : reply;
  }
  const done = did.map(info);
  const objection = end.exit === 0 ? objectionToTarget(end.disks ?? [], request.diskTarget) : undefined;
  const reason = end.exit === 0 ? objection : end;
  const result = reason ? failure(end.domain ?? `VM ${vmId}`, reason, done) : done.join('');
  const stderr =
    result + (invalid === undefined ? '' : warning(`VM ${vmId}: ${describeInvalidMode(invalid)}`));
  const exit = objection ? exitCodes.person.status : end.exit;
  return { exit, stdout: '', stderr, ...(isLost ? { isGuardLost: true } : {}) };
}

/**
 * For a VM that is to be moved whatever the guard decides; with `off` also while the guard may be stuck in its work.
 */
function withoutVeto(reply: Reply, vmId: string, { mode }: GuardMode): Reply {
  if (mode === 'guard' || reply.exit === 0) return reply;
  if (mode === 'warn' && (reply.isGuardLost === true || !mayOverrule(reply.exit))) return reply;
  const describe = (reason: string): string => `VM ${vmId}: ${textOf('mode-lets-go', { mode, reason })}`;
  return { ...reply, exit: 0, stderr: errorsAsWarnings(reply.stderr, describe) };
}

/** The mode by OpenNebula's record; a veto stands where OpenNebula does not answer. */
async function askMode(vmId: string, configured: DriverSettings): Promise<GuardMode> {
  if (isFailure(configured)) return defaultMode;
  const shown = await showVm(vmId, configured.settings.ssh.user);
  if (isUnknown(shown)) return defaultMode;
  const vm = readVm(shown);
  return isFailure(vm) ? defaultMode : guardModeOf(vm);
}

/** No mover runs here: to continue, a report is enough. */
function cannotRun(why: Message, { source, vmId }: ScriptRequest, { policy }: Settings): Promise<Reply> {
  const vm = `VM ${vmId}`;
  return withoutGuard({ vm, source, policy }, why, (reason) => ({
    exit: exitCodes.ok.status,
    stdout: '',
    stderr: warning(`${vm}: ${reason.what}`) + warning(`-> ${reason.remedy}`),
  }));
}
