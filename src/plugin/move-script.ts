import { XmlError, type Element } from '../core/element';
import { failureOf, isFailure } from '../core/errors';
import { describeInvalidMode } from '../opennebula/model/guard-mode';
import { actionDataIn, readMoveRequest, type MoveRequest } from '../opennebula/model/action-xml';
import { warning } from '../opennebula/model/vm-log';
import { message, textOf } from '../messages';
import { readXml } from '../os/read-xml';
import { readForDriver, refusalReply, type Call, type DriverSettings, type Reply } from './script-call';
import { loggedOnSuccess } from './logged-on-success';
import { runGuardedDriver, moverAlone, runWithoutGuard, unguarded, type DriverOptions } from './vmm-driver';
import { runDatastoreMove } from './datastore-driver';
import { keepRecord } from './keep-record';
import { cannotContinue } from './without-guard';
import { overruled } from './overruled';

/** The VMM drivers: every report of a move is recorded here. */
export async function moveScript(action: MoveRequest['action'], call: Call): Promise<Reply> {
  const { args, input, place } = call;
  const data = actionDataIn(input);
  const request = readMoveRequest(action, args, data, rootOf(data.xml));
  if (isFailure(request)) return refusalReply(action, request);
  const configured = await readForDriver(['opennebula', 'policy']);
  const reply = await move(request, configured, call);
  const { vmId, deployId: domain, source, destination, guardMode, hasLastAttribute } = request;
  const mayChangeTemplate = !isFailure(configured) && configured.settings.opennebula.userTemplate;
  keepRecord(
    { action, vmId, domain, source, destination, guardMode, mayChangeTemplate, hasLastAttribute },
    reply,
    place,
  );
  return loggedOnSuccess(reply, vmId, place);
}

async function move(
  request: MoveRequest,
  configured: DriverSettings,
  { place, version }: Call,
): Promise<Reply> {
  const { action, deployId, guardMode } = request;
  if (isFailure(configured)) return cannotContinue(deployId, configured);
  const { settings, broken } = configured;
  const mover = settings.opennebula[action];
  if (mover.replace('frontend:', '') === place.script) {
    return cannotContinue(deployId, failureOf('usage', message('mover-is-this-script', { action, mover })));
  }
  const options = { settings, place, version };
  if (guardMode.mode === 'off') return switchedOff(request, options);
  const isOnOneHost = request.destination === request.source;
  const guarded = isOnOneHost ? runDatastoreMove : runGuardedDriver;
  const reply = await (broken === undefined
    ? guarded(request, options)
    : runWithoutGuard(request, options, broken));
  if (guardMode.mode === 'warn') return overruled(request, options, reply);
  if (guardMode.invalid === undefined) return reply;
  // Printed after the reason: OpenNebula 6 joins all lines, and keeps 100 characters for the VM's ERROR.
  return {
    ...reply,
    stderr: `${reply.stderr}${warning(`${deployId}: ${describeInvalidMode(guardMode.invalid)}`)}`,
  };
}

/** A move that may be guarded continues without OpenNebula's data about the VM. */
function rootOf(xml: string): Element | undefined {
  try {
    return readXml(xml);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** For a VM that has to be moved now, whatever the guard would decide: nothing is done for it. */
async function switchedOff(request: MoveRequest, options: DriverOptions): Promise<Reply> {
  const reason = { what: textOf('mode-off') };
  const reply = await moverAlone(request, options, (isDone) => [unguarded(request, reason, isDone)]);
  return { ...reply, note: { guard: 'off' } };
}
