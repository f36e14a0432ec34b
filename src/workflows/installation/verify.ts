import { isUnknown } from '../../core/facts';
import type { Finding } from '../../core/finding';
import type { Settings } from '../../core/settings';
import { askOpenNebula } from '../../system/opennebula-cli';
import { isByTmScripts, judgeSelection } from './front-end';
import { judgeFiles, readInstallation, type Role } from './installed-files';
import { listVms } from './tm-scripts';

export interface Verified {
  readonly roles: readonly Role[];
  readonly findings: readonly Finding[];
}

/**
 * What is missing or was undone of an installation, for example by an upgrade of OpenNebula. `root`: a staging tree,
 * of which nobody can ask OpenNebula; or nothing.
 */
export async function verify(root: string, settings: Settings): Promise<Verified> {
  const installation = readInstallation(root);
  const findings = judgeFiles(root, installation);
  if (isUnknown(installation)) return { roles: [], findings };
  const { roles } = installation;
  if (!roles.includes('frontend')) return { roles, findings };
  return { roles, findings: [...findings, ...(await judgeWay(root, settings))] };
}

/** The hooks, and which VMs there are, only matter where the drivers are not selected. */
async function judgeWay(root: string, { ssh }: Settings): Promise<Finding[]> {
  const { drivers, scripts } = judgeSelection(root, { unknown: 'not asked' });
  if (root !== '' || (drivers.state === 'ok' && drivers.note !== true)) return [drivers, ...scripts];
  const vms = isByTmScripts(root) ? await listVms(ssh.user) : undefined;
  const hooks = await askOpenNebula(['onehook', 'list', '-x'], ssh.user, ssh.deadline * 1000);
  const asked = judgeSelection(root, hooks, vms);
  return [asked.drivers, ...asked.scripts];
}
