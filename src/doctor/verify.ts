import type { Finding } from '../core/finding';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { textOf } from '../messages';
import { listInOpenNebula } from '../opennebula/one-cli';
import { judgeFallback } from './check-fallback';
import { isByDrivers, isByTmScripts, judgeSelection } from './check-front-end';
import { judgeFiles, readInstallation } from './check-files';
import { judgeMovers } from './check-mover';
import { listVms } from './check-tm-scripts';

/**
 * What is missing or was undone of an installation, for example by an upgrade of OpenNebula. `root`: empty, or a staging
 * tree, for which OpenNebula cannot be asked.
 */
export async function verify(root: string, settings: Settings): Promise<Finding[]> {
  const installation = readInstallation(root);
  const findings = judgeFiles(root, installation);
  if (isUnknown(installation)) return findings;
  const { roles } = installation;
  if (roles.length > 0) findings.push(await judgeFallback(root, 'look'));
  return roles.includes('frontend') ? [...findings, ...(await checkDriverPath(root, settings))] : findings;
}

/** The hooks and the list of VMs are read only where VM_MAD does not select the drivers. */
async function checkDriverPath(root: string, settings: Settings): Promise<Finding[]> {
  const { ssh } = settings;
  const selection = judgeSelection(root, { unknown: textOf('hooks-not-asked') });
  const { drivers, scripts } = selection;
  if (isByDrivers(selection)) return [drivers, ...judgeMovers(root, settings), ...scripts];
  if (root !== '') return [drivers, ...scripts];
  const vms = isByTmScripts(root) ? await listVms(ssh.user) : undefined;
  const hooks = await listInOpenNebula('onehook', ssh.user, ssh.deadline * 1000);
  const asked = judgeSelection(root, hooks, vms);
  return [asked.drivers, ...asked.scripts];
}
