import { aboutVm } from '../opennebula/model/vm-log';
import type { DriverPlace, Reply } from './script-call';

/**
 * Marks the lines that OpenNebula 7 logs for a successful script on the front-end: those that begin with the VM's
 * number; 6.x logs none. On a host it logs all of them (ssh_stream.rb, run), as it does after a failure: there the
 * number would be noise.
 */
export function loggedOnSuccess(reply: Reply, vmId: string, { runs }: DriverPlace): Reply {
  if (reply.exit !== 0 || runs !== 'frontend') return reply;
  return { ...reply, stderr: aboutVm(reply.stderr, vmId) };
}
