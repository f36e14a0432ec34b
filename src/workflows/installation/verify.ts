import { isUnknown } from '../../core/facts';
import type { Finding } from '../../core/finding';
import type { Settings } from '../../core/settings';
import { askOpenNebula } from '../../system/opennebula-cli';
import { judgeSelection } from './front-end';
import { judgeFiles, readInstallation, type Role } from './installed-files';

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
  return { roles, findings: [...findings, await judgeDrivers(root, settings)] };
}

/** The hooks only matter where the drivers are not selected. */
async function judgeDrivers(root: string, { ssh }: Settings): Promise<Finding> {
  const [drivers] = judgeSelection(root, { unknown: 'not asked' });
  if (drivers.state === 'ok' || root !== '') return drivers;
  const hooks = await askOpenNebula(['onehook', 'list', '-x'], ssh.user, ssh.deadline * 1000);
  return judgeSelection(root, hooks)[0];
}
