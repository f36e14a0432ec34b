import { join } from 'node:path';
import { textOf } from '../messages';
import { startUnattended } from '../os/child-process';
import { writeWhole } from '../os/output-file';

/** Deadline in seconds: onevm is Ruby, and oned may be busy with the very move that is reported. */
const deadlineSeconds = 60;

/** Prints the error of onevm; a constant text of the shell. */
const lastLine = '$(printf %s "$said" | tail -n 1)';

/**
 * $1: the VM, $2: the file. onevm 6 takes no other input than a file, and without one starts an editor
 * (one_helper.rb, update_template_helper).
 */
const update = `said=$(LC_ALL=C.UTF-8 onevm update "$1" --append "$2" 2>&1) ||
  logger -t migrate-guard -p daemon.warning -- "VM $1: ${textOf('last-attribute-not-set', { why: lastLine })}"`;

/**
 * Starts onevm, which puts one line into the VM's USER_TEMPLATE; the caller does not wait for it. oned accepts that
 * in any state of a VM (VirtualMachineAPI.cc, update_template). The file stays: if two run at once, both write its
 * latest content.
 * @throws GuardError when the file cannot be written
 */
export function appendToUserTemplate(directory: string, vmId: number, template: string): void {
  const file = join(directory, `${vmId}.template`);
  writeWhole(file, template);
  startUnattended(deadlineSeconds, ['sh', '-c', update, 'sh', `${vmId}`, file]);
}
