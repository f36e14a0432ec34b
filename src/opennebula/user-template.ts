import { join } from 'node:path';
import { textOf } from '../messages';
import { startUnattended } from '../os/child-process';
import { writeWhole } from '../os/output-file';

/** Seconds: onevm is Ruby, and oned may be busy with the very move that is told of. */
const deadlineSeconds = 60;

/** What onevm said, for a constant text of the shell. */
const lastLine = '$(printf %s "$said" | tail -n 1)';

/**
 * $1: the VM, $2: the file. onevm 6 takes no other input than a file, and without one starts an editor (one_helper.rb,
 * update_template_helper).
 */
const update = `said=$(LC_ALL=C.UTF-8 onevm update "$1" --append "$2" 2>&1) ||
  logger -t migrate-guard -p daemon.warning -- "VM $1: ${textOf('last-attribute-not-set', { why: lastLine })}"`;

/**
 * Has OpenNebula put one line into the VM's USER_TEMPLATE; nobody waits for it. oned takes that in any state of a VM
 * (VirtualMachineAPI.cc, update_template). The file stays: of two at once, both tell what was written last.
 * @throws GuardError when it cannot be written
 */
export function appendToUserTemplate(directory: string, vmId: number, template: string): void {
  const file = join(directory, `${vmId}.template`);
  writeWhole(file, template);
  startUnattended(deadlineSeconds, ['sh', '-c', update, 'sh', `${vmId}`, file]);
}
