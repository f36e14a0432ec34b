import { GuardError } from '../core/errors';
import type { Finding } from '../core/finding';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import type { NotStarted } from '../agent-protocol/connection';
import { validateHost } from '../os/host-name';
import { askSums, type Sums } from '../agent-protocol/host-sums';
import { agentOn, runAgentAction, type HostAnswer } from '../agent-protocol/run-action';
import { message, textOf } from '../messages';
import { findingOf } from './finding-of';
import type { HostState } from './check-host';
import type { Installation } from './check-files';

/** What the front-end has, to compare with. */
export interface FrontEnd {
  readonly version: string;
  readonly program: string | null;
  readonly installation: Installation;
  /** SCRIPTS_REMOTE_DIR of OpenNebula. */
  readonly remoteScripts: string;
}

export interface HostReport {
  readonly host: string;
  readonly findings: readonly Finding[];
}

const frontEndScripts = '/var/lib/one/remotes/';

/** The findings of one host, over ssh as OpenNebula's user. Never throws: one host's error does not hide the others. */
export async function judgeRemoteHost(
  host: string,
  frontEnd: FrontEnd,
  settings: Settings,
): Promise<HostReport> {
  try {
    validateHost(host);
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    return { host, findings: [findingOf('host')('unknown', error.what, textOf('rename-host'))] };
  }
  const { ssh } = settings;
  const target = agentOn(host, settings);
  const deadline = ssh.deadline * 1000;
  const names = scriptNames(frontEnd.installation);
  const [state, sums] = await Promise.all([
    runAgentAction({ version: frontEnd.version, action: 'state' }, target, 2 * deadline),
    askSums(target, frontEnd.remoteScripts, names, 2 * deadline),
  ]);
  if (isUnknown(state) && state.is === 'unreached') {
    const what = message('doctor-host-not-asked', { host, why: state.unknown, user: ssh.user });
    return { host, findings: [findingOf('host')('unknown', what)] };
  }
  return { host, findings: [...judgeState(host, state, frontEnd), ...judgeScripts(host, sums, frontEnd)] };
}

function judgeState(
  host: string,
  answer: HostAnswer | NotStarted,
  { program, version }: FrontEnd,
): Finding[] {
  const remedy = textOf('install-host', { version, host });
  const found = findingOf('host-half');
  if (isUnknown(answer)) {
    const isRefused = answer.is === 'refused';
    const what = isRefused ? answer.end.what : message('agent-not-running', { why: answer.unknown });
    return [found('problem', what, remedy)];
  }
  const report = answer.end.report;
  if (!isHostState(report)) return [found('unknown', answer.end.what, remedy)];
  // Run from a source tree, doctor has no program to compare with.
  const isSame = program === null || report.program === program;
  const connection = isSame
    ? found('ok', message('agent-release', { version }))
    : found('problem', message('agent-build', { version }), remedy);
  return [connection, ...report.findings];
}

function isHostState(report: unknown): report is HostState {
  if (typeof report !== 'object' || report === null || !('findings' in report)) return false;
  const { findings } = report;
  return Array.isArray(findings) && findings.every(isFinding);
}

function isFinding(value: unknown): value is Finding {
  if (typeof value !== 'object' || value === null) return false;
  const known: ReadonlyMap<string, unknown> = new Map(Object.entries(value));
  const words = ['check', 'what', 'state'].map((key) => known.get(key));
  const remedy = known.get('remedy');
  return words.every((word) => typeof word === 'string') && ['undefined', 'string'].includes(typeof remedy);
}

/** Whether `onehost sync` has brought over what is installed here. */
function judgeScripts(
  host: string,
  sums: Sums | Unknown,
  { installation, remoteScripts }: FrontEnd,
): Finding[] {
  // Without an installed front-end, or without a readable manifest, there is nothing to compare with.
  if (scriptNames(installation).length === 0) return [];
  const found = findingOf('remote-scripts', remoteScripts);
  const remedy = textOf('sync-host', { host });
  if (isUnknown(sums))
    return [
      findingOf('remote-scripts')(
        'unknown',
        message('scripts-not-read', { path: remoteScripts, why: sums.unknown }),
        remedy,
      ),
    ];
  const old = installation.entries.filter(
    ({ kind, path, sha256 }) =>
      kind === 'file' &&
      path.startsWith(frontEndScripts) &&
      sums.get(path.slice(frontEndScripts.length)) !== sha256,
  );
  if (old.length > 0) {
    const what = message('scripts-old', { count: old.length, path: remoteScripts });
    return [found('problem', what, remedy)];
  }
  return [found('ok', message('scripts-current', { path: remoteScripts }))];
}

function scriptNames({ entries }: Installation): string[] {
  const scripts = entries.filter(({ kind, path }) => kind === 'file' && path.startsWith(frontEndScripts));
  return scripts.map(({ path }) => path.slice(frontEndScripts.length));
}
