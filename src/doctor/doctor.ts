import { hostname } from 'node:os';
import type { Finding } from '../core/finding';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { kvmHosts } from '../opennebula/model/host-pool';
import { runCommand } from '../os/run-command';
import { validateHost } from '../os/host-name';
import { asOtherUser } from '../os/isolated';
import { listInOpenNebula } from '../opennebula/one-cli';
import { message } from '../messages';
import { judgeFallback } from './check-fallback';
import { isByDrivers, isByTmScripts, judgeOtherDrivers, judgeSelection } from './check-front-end';
import { judgeHost, program, programSum } from './check-host';
import { judgeFiles, readInstallation, type Installation, type Role } from './check-files';
import { judgeMovers } from './check-mover';
import { judgeRecord } from './check-record';
import { findingOf } from './finding-of';
import { judgeRunningOned } from './check-running-oned';
import { judgeRemoteHost, type FrontEnd, type HostReport } from './check-remote-host';
import { listVms } from './check-tm-scripts';
import { askEachHost } from '../fleet/ask-each-host';
import { placeOf } from '../plugin/script-location';

interface DoctorReport {
  readonly host: string;
  /** What install.sh has installed on this machine; empty where it never ran. */
  readonly roles: readonly Role[];
  readonly findings: readonly Finding[];
  /** On a front-end: the findings of each KVM host. */
  readonly hosts: readonly HostReport[];
}

/**
 * Checks this installation: on this machine and, on a front-end, on every KVM host; or only on `host`.
 * @throws GuardError if `host` is not a valid host name
 */
export async function doctor(
  host: string | undefined,
  settings: Settings,
  version: string,
): Promise<DoctorReport> {
  if (host !== undefined) validateHost(host);
  const found = readInstallation('');
  const installation: Installation = isUnknown(found) ? { roles: [], entries: [] } : found;
  const { roles } = installation;
  const base = { host: hostname(), roles };
  const frontEnd = frontEndOf(installation, version);
  if (host !== undefined) {
    return { ...base, findings: [], hosts: [await judgeRemoteHost(host, frontEnd, settings)] };
  }
  const findings = judgeFiles('', found);
  if (roles.length > 0) findings.push(await judgeFallback('', process.geteuid?.() === 0 ? 'write' : 'look'));
  if (roles.includes('host')) findings.push(...(await judgeHost(settings)), await judgeSudo(settings));
  if (!roles.includes('frontend')) return { ...base, findings, hosts: [] };
  const { user, deadline } = settings.ssh;
  const [hooks, hosts, vms] = await Promise.all([
    listInOpenNebula('onehook', user, deadline * 1000),
    listInOpenNebula('onehost', user, deadline * 1000),
    isByTmScripts('') ? listVms(user) : undefined,
  ]);
  const selection = judgeSelection('', hooks, vms);
  findings.push(selection.drivers, ...judgeRunningOned(), selection.hooks, ...selection.scripts);
  if (isByDrivers(selection)) findings.push(...judgeMovers('', settings));
  findings.push(...judgeRecord(new Date()));
  const listed = isUnknown(hosts) ? hosts : kvmHosts(hosts);
  if (isUnknown(listed)) {
    findings.push(findingOf('hosts')('unknown', message('doctor-hosts-not-listed', { why: listed.unknown })));
    return { ...base, findings, hosts: [] };
  }
  // A site that uses hooks or TM scripts uses them for these hosts, too.
  if (selection.drivers.note !== true) findings.push(...judgeOtherDrivers(listed));
  const judged = await askEachHost(listed, ({ name }) => judgeRemoteHost(name, frontEnd, settings));
  return { ...base, findings, hosts: judged };
}

function frontEndOf(installation: Installation, version: string): FrontEnd {
  const { remoteScripts } = placeOf('/var/lib/one/remotes', process.env);
  return { version, program: programSum(), installation, remoteScripts };
}

/** Of setsid(1): there is no such program. */
const notFoundStatus = 127;

/** Asks sudo itself: a file in /etc/sudoers.d has no effect where /etc/sudoers does not include it. */
async function judgeSudo(settings: Settings): Promise<Finding> {
  const { user } = settings.ssh;
  const found = findingOf('sudoers');
  const command = `${program} host`;
  if (process.geteuid?.() !== 0) return found('unknown', message('sudo-needs-root', { user }));
  // Without a terminal, as OpenNebula's drivers have none.
  const asked = ['setsid', '--wait', 'sudo', '-n', '-l', '-U', user, program, 'host'] as const;
  const { exit, stderr } = await runCommand([...asked], { deadline: 10_000, cwd: '/' });
  if (exit === 0) return found('ok', message('sudo-allows', { user, command }));
  if (exit === notFoundStatus) return found('problem', message('sudo-not-installed'));
  if (wantsTerminal.test(stderr)) return judgeTerminal(settings);
  const why = stderr.trim().split('\n').at(-1) ?? '';
  const what =
    why === ''
      ? message('sudo-refuses-silently', { user, command })
      : message('sudo-refuses', { user, command, why });
  return found('problem', what);
}

/** What sudo with `requiretty` says. A site may have made an exception, which counts for the command itself only. */
const wantsTerminal = / tty /;

async function judgeTerminal({ ssh }: Settings): Promise<Finding> {
  const found = findingOf('sudoers');
  const attempt = asOtherUser(ssh.user, ['sudo', '-n', program, 'host']);
  const { stderr } = await runCommand(attempt, { deadline: 10_000, cwd: '/', input: '' });
  return wantsTerminal.test(stderr)
    ? found('problem', message('sudo-wants-terminal', { program }))
    : found('ok', message('sudo-allows-without-terminal', { user: ssh.user, command: `${program} host` }));
}
