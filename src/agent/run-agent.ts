import { failureOf, GuardError, isFailure, type Failure } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import {
  asksDestination,
  readRequest,
  refused,
  releaseOf,
  type AgentRequest,
} from '../agent-protocol/model/request';
import { maxLineBytes, type AgentResult } from '../agent-protocol/model/messages';
import { tooLong } from '../os/model/line-splitter';
import type { Settings } from '../config/settings';
import { validateHost } from '../os/host-name';
import { forwardedAgent } from './ssh-agent-socket';
import { FrontendChannel } from './frontend-channel';
import { log, logToHost } from '../os/log';
import { readSettings } from '../config/read';
import { NotRunning } from '../hypervisor/not-running';
import { NotDeployed } from './not-deployed';
import { answerProbe } from './probe-vms';
import type * as Serve from './serve';
import { message, type Message } from '../messages';
import { ignoreBrokenPipe } from '../cli/ignore-broken-pipe';
import { explainError } from '../cli/explain-error';
import { versionNumber } from '../cli/version';

/** Deadline for the request, in milliseconds. */
const requestTimeoutMs = 30_000;

/**
 * The root-only agent: the only program that sudo allows OpenNebula's user to run. It takes no arguments, and handles
 * one request from its input.
 * @returns the exit status
 */
export async function runAgent(): Promise<number> {
  // A closed output must not end the process that guards a migration.
  ignoreBrokenPipe(process.stdout);
  ignoreBrokenPipe(process.stderr);
  try {
    return await answerRequest(await readSettings(undefined));
  } catch (error) {
    return explainError(error, { json: false, verbose: false });
  }
}

/** Loaded when it is needed: a probe, of which there are thousands a day, needs little of the agent. */
function loadServe(): typeof Serve {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() of our own files needs other names in TypeScript
  return require('./serve') as typeof Serve;
}

async function answerRequest(settings: Settings): Promise<number> {
  const link = new FrontendChannel();
  // A signal that ends the connection must not end the process that guards a migration.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGPIPE'] as const)
    process.on(signal, () => undefined);
  const end = await answer(link, settings);
  log('ended', { end });
  link.send({ kind: 'end', ...end });
  link.end();
  return end.exit;
}

async function answer(link: FrontendChannel, settings: Settings): Promise<AgentResult> {
  if (process.geteuid?.() !== 0) return refusal(failureOf('notPermitted', message('agent-needs-root')));
  const request = await receiveRequest(link);
  if ('exit' in request) return request;
  // A probe changes nothing, and there are thousands a day, so they are not logged.
  if (request.action !== 'probe') await logToHost(asker());
  link.send({ kind: 'hello', version: versionNumber });
  if (asksDestination(request)) process.env['SSH_AUTH_SOCK'] = forwardedAgent() ?? '';
  try {
    if (request.destination !== undefined) validateHost(request.destination);
    // Logged only after validation, as a host name may be any text. A map of links may be megabytes.
    log('asked', { request: { ...request, changes: request.changes?.length } });
    if (request.action === 'probe') return await answerProbe(settings);
    const { handleRequest } = loadServe();
    return await handleRequest(request, settings, {
      begins: () => link.send({ kind: 'begins' }),
      did: (action, what) => link.send({ kind: 'did', action, what }),
      found: (found) => link.send({ kind: 'found', ...found }),
      move: () => link.move(),
      isGone: () => link.isGone(),
      gone: link.closed,
    });
  } catch (error) {
    await logToHost(asker());
    log('an error', { error: error instanceof Error ? error.stack : String(error) });
    if (error instanceof GuardError) return { ...refusal(error), ...ownResult(error) };
    const text = error instanceof Error ? error.message : String(error);
    return refusal(failureOf('undecided', message('agent-error', { error: text })));
  }
}

function ownResult(error: GuardError): { readonly result?: string } {
  if (error instanceof NotRunning) return { result: 'not-running' };
  return error instanceof NotDeployed ? { result: 'not-deployed' } : {};
}

/** The user who called sudo. The first line of the installed program passes on this variable, and no other. */
function asker(): string {
  return process.env['SUDO_USER'] || 'root';
}

/** The request, or why it is invalid. */
async function receiveRequest(link: FrontendChannel): Promise<AgentRequest | AgentResult> {
  const line = await link.request(requestTimeoutMs);
  const release = typeof line === 'string' ? releaseOf(line) : undefined;
  if (release !== undefined && release !== versionNumber) {
    const releases = { frontend: release, host: versionNumber };
    return refusal(failureOf('usage', message('releases-differ', releases)));
  }
  const request = typeof line === 'string' ? readRequest(line) : refused(whyNone(line));
  if (!isFailure(request)) return request;
  await logToHost(asker());
  log('refused', { why: request.what });
  return refusal(request);
}

function whyNone(line: typeof tooLong | undefined): Message {
  if (line === undefined) return message('no-request');
  return message('request-too-long', { limit: maxLineBytes / 1024 / 1024 });
}

function refusal({ code, what, short, remedy }: Failure): AgentResult {
  const result = code === 'busy' ? 'busy' : 'refused';
  return { exit: exitCodes[code].status, result, what, short, remedy };
}
