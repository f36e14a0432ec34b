import { hostname } from 'node:os';
import type { Finding } from '../core/finding';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { kvmHosts } from '../opennebula/model/host-pool';
import { runCommand } from '../os/run-command';
import { validateHost } from '../os/host-name';
import { asOtherUser } from '../os/isolated';
import { listInOpenNebula } from '../opennebula/one-cli';
import { judgeFallback } from './check-fallback';
import { isByDrivers, isByTmScripts, judgeOtherDrivers, judgeSelection } from './check-front-end';
import { judgeHost, program, programSum } from './check-host';
import { judgeFiles, readInstallation, type Installation, type Role } from './check-files';
import { judgeMovers } from './check-mover';
import { judgeRecord } from './check-record';
import { judgeRunningOned } from './check-running-oned';
import { judgeRemoteHost, type FrontEnd, type HostReport } from './check-remote-host';
import { listVms } from './check-tm-scripts';
import { ofEachHost } from '../fleet/of-each-host';
import { placeOf } from '../plugin/script-location';

interface DoctorReport {
  readonly host: string;
  /** What this machine is; nothing where install.sh never ran. */
  readonly roles: readonly Role[];
  readonly findings: readonly Finding[];
  /** From a front-end: how things stand on the KVM hosts. */
  readonly hosts: readonly HostReport[];
}

/**
 * Whether everything is in place: on this machine and, from a front-end, on every KVM host; or only on `host`.
 * @throws GuardError for what is no host name
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
    const what = `the hosts cannot be listed: ${listed.unknown}`;
    const remedy = 'run onehost list as oneadmin, or migrate-guard doctor --host HOST';
    findings.push({ check: 'hosts', state: 'unknown', what, remedy });
    return { ...base, findings, hosts: [] };
  }
  // A site that has chosen another way has chosen it for these hosts, too.
  if (selection.drivers.note !== true) findings.push(...judgeOtherDrivers(listed));
  const judged = await ofEachHost(listed, ({ name }) => judgeRemoteHost(name, frontEnd, settings));
  return { ...base, findings, hosts: judged };
}

function frontEndOf(installation: Installation, version: string): FrontEnd {
  const { remoteScripts } = placeOf('/var/lib/one/remotes/migrate-guard/plugin.cjs', process.env);
  return { version, program: programSum(), installation, remoteScripts };
}

/** Of setsid(1): there is no such program. */
const notFoundStatus = 127;

/** A rule that nothing includes is no rule. */
async function judgeSudo(settings: Settings): Promise<Finding> {
  const { ssh } = settings;
  const check = 'sudoers';
  const command = `${program} host`;
  if (process.geteuid?.() !== 0) {
    return {
      check,
      state: 'unknown',
      what: `only root can ask what ${ssh.user} may do`,
      remedy: 'run as root',
    };
  }
  // Without a terminal, as OpenNebula's drivers have none.
  const asked = ['setsid', '--wait', 'sudo', '-n', '-l', '-U', ssh.user, program, 'host'] as const;
  const { exit, stderr } = await runCommand([...asked], { deadline: 10_000, cwd: '/' });
  if (exit === 0) return { check, state: 'ok', what: `sudo lets ${ssh.user} run ${command}` };
  if (exit === notFoundStatus)
    return { check, state: 'problem', what: 'sudo is not installed', remedy: 'install the package sudo' };
  if (wantsTerminal.test(stderr)) return judgeTerminal(settings);
  const why = stderr.trim().split('\n').at(-1) ?? '';
  const what = `sudo does not let ${ssh.user} run ${command}${why === '' ? '' : `: ${why}`}`;
  const remedy = 'install.sh host; /etc/sudoers needs the line: @includedir /etc/sudoers.d';
  return { check, state: 'problem', what, remedy };
}

/** Of sudo with `requiretty`. A site may have made an exception, and only for the command itself it counts. */
const wantsTerminal = / tty /;

async function judgeTerminal({ ssh }: Settings): Promise<Finding> {
  const check = 'sudoers';
  const knock = asOtherUser(ssh.user, ['sudo', '-n', program, 'host']);
  const { stderr } = await runCommand(knock, { deadline: 10_000, cwd: '/', input: '' });
  if (!wantsTerminal.test(stderr))
    return { check, state: 'ok', what: `sudo lets ${ssh.user} run ${program} host, without a terminal` };
  const what = 'sudo wants a terminal (requiretty), which OpenNebula’s drivers have not';
  const remedy = `add to a file of your own in /etc/sudoers.d: Defaults!${program} !requiretty`;
  return { check, state: 'problem', what, remedy };
}
