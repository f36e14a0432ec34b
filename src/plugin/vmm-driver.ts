import { lastWords } from '../destination/model/arrival';
import type { AgentRequest } from '../agent-protocol/model/request';
import type { AgentResult } from '../agent-protocol/model/messages';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import type { MoveRequest } from '../opennebula/model/action-xml';
import { textOf, type Message } from '../messages';
import { failure, info, warning } from '../opennebula/model/vm-log';
import { AgentConnection, type AgentTarget } from '../agent-protocol/connection';
import type { MoverResult, RunningMover } from '../move/io/mover-process';
import { MoverScript } from './mover-script';
import {
  agentOn,
  endOfLostGuard,
  isForeign,
  notReady,
  refusalOf,
  whyNotStarted,
} from '../agent-protocol/run-action';
import type { DriverPlace, Reply } from './script-call';
import { withoutGuard } from './without-guard';

export interface DriverOptions {
  readonly settings: Settings;
  readonly place: DriverPlace;
  readonly version: string;
}

/** A mover that was ended by a signal has no exit status. */
const killedStatus = 255;

/**
 * Moves or saves a VM under guard, as OpenNebula's VMM driver: the agent on the source checks, repairs and stands by
 * as root; the configured mover runs here, as the user and with the input that OpenNebula would have given to it.
 */
export async function runGuardedDriver(request: MoveRequest, options: DriverOptions): Promise<Reply> {
  const script = scriptOf(request, options);
  const connection = AgentConnection.start(hostRequest(request, options), hostOf(request, options));
  const lines: string[] = [];
  let mover: RunningMover | undefined;
  let late: NodeJS.Timeout | undefined;
  let mayHaveChanged = false;
  try {
    const notStarted = await connection.hello();
    if (notStarted) return await runWithoutGuard(request, options, whyNotStarted(notStarted), script);
    script.connect();
    const { deadline } = options.settings.host;
    late = setTimeout(() => connection.abandon(notReady(deadline)), deadline * 1000);
    for (;;) {
      const line = await connection.next();
      if (isUnknown(line)) {
        if (line.unknown === notReady(deadline) && !mayHaveChanged)
          return await runWithoutGuard(request, options, { what: line.unknown }, script);
        const end = endOfLostGuard(line);
        if (mover) return ended(await mover.ended, [...lines, warning(`${request.deployId}: ${end.what}`)]);
        return { ...conclude(request, end, lines, undefined), isGuardLost: true };
      }
      switch (line.kind) {
        case 'begins':
          mayHaveChanged = true;
          break;
        case 'did':
          lines.push(info(`${line.action}: ${line.what}`));
          break;
        case 'move':
          clearTimeout(late);
          mover = script.start();
          void mover.ended.then(({ exit }) => connection.moved(exit));
          break;
        case 'kill':
          mover?.kill(line.signal);
          break;
        case 'end':
          if (isForeign(line)) return await runWithoutGuard(request, options, refusalOf(line), script);
          return conclude(request, line, lines, await mover?.ended);
        case 'hello':
        case 'found':
          break;
      }
    }
  } finally {
    clearTimeout(late);
    script.end();
    connection.end();
  }
}

/**
 * The mover's result is final: a problem after its success is a warning, and after its failure its own output comes
 * first. One exception: a VM that provably runs on its destination has been moved, whatever the mover reports.
 */
function conclude(
  { action, deployId }: MoveRequest,
  end: AgentResult,
  lines: readonly string[],
  moved: MoverResult | undefined,
): Reply {
  const { exit, domain = deployId, what, remedy } = end;
  if (!moved) return { exit, stdout: '', stderr: failure(domain, end, lines) };
  const hasArrived = action === 'migrate' && exit === 0;
  if (moved.exit !== 0 && !hasArrived) return ended(moved, [failure(domain, end, lines)]);
  const words = moved.exit === 0 ? '' : lastWords(moved);
  const reported = [
    warning(`${domain}: ${what}${words === '' ? '' : `: ${words}`}`),
    ...(remedy === undefined ? [] : [warning(`-> ${remedy}`)]),
  ];
  return ended({ ...moved, exit: 0 }, exit !== 0 || end.warning ? [...lines, ...reported] : lines);
}

function ended({ exit, stdout, stderr }: MoverResult, lines: readonly string[]): Reply {
  const own = stderr === '' || stderr.endsWith('\n') ? stderr : `${stderr}\n`;
  return { exit: exit ?? killedStatus, stdout, stderr: own + lines.join(''), moverStderr: own };
}

/** The result when the guard cannot run. */
export function runWithoutGuard(
  request: MoveRequest,
  options: DriverOptions,
  why: Message,
  script = scriptOf(request, options),
): Promise<Reply> {
  const { deployId: vm, source, guardMode } = request;
  const { policy } = options.settings;
  const { mode } = guardMode;
  return withoutGuard({ vm, source, policy, mode }, why, (reason) =>
    moverAlone(
      request,
      options,
      (isDone) => [unguarded(request, reason, isDone), warning(`-> ${reason.remedy}`)],
      script,
    ),
  );
}

/** Reports that the mover ran without the guard, and its result. */
export function unguarded(request: MoveRequest, reason: Message, isDone: boolean): string {
  const done = doneWord(request);
  const what = isDone ? textOf('unguarded-done', { reason, done }) : textOf('unguarded-failed', { reason });
  return warning(`${request.deployId}: ${what}`);
}

export function doneWord({ action }: MoveRequest): string {
  return action === 'save' ? 'saved' : 'moved';
}

/** Runs the mover without the guard; `report`: the lines to log, once it is known whether the mover has succeeded. */
export async function moverAlone(
  request: MoveRequest,
  options: DriverOptions,
  report: (isDone: boolean) => readonly string[],
  script = scriptOf(request, options),
): Promise<Reply> {
  const moved = await script.start().ended;
  return ended(moved, report(moved.exit === 0));
}

function hostRequest(request: MoveRequest, { version }: DriverOptions): AgentRequest {
  const { action, deployId, destination, shared, args } = request;
  const [, file] = args;
  return {
    version,
    action,
    domain: deployId,
    // On storage that is not shared the mover creates the disks on the destination.
    ...(action === 'save' && file !== undefined ? { file } : {}),
    ...(destination === undefined ? {} : { destination, checkDestination: shared === true }),
  };
}

export function hostOf({ source }: MoveRequest, { settings, place }: DriverOptions): AgentTarget {
  return place.runs === 'host' ? 'here' : agentOn(source, settings);
}

function scriptOf(request: MoveRequest, { settings, place }: DriverOptions): MoverScript {
  const configured = settings.opennebula[request.action];
  const [, local] = /^frontend:(.*)$/.exec(configured) ?? [];
  const { args, xml, base64, source } = request;
  const asksDestination = request.action === 'migrate';
  const script = (program: string, input: string, host?: string): MoverScript =>
    new MoverScript(
      { program, args, input, asksDestination, ...(host === undefined ? {} : { host }) },
      settings,
    );
  if (place.runs === 'host') return script(`${place.scripts}/vmm/kvm/${local ?? configured}`, xml);
  if (local !== undefined) return script(`${place.scripts}/vmm/kvm/${local}`, base64);
  return script(`${place.remoteScripts}/vmm/kvm/${configured}`, xml, source);
}
