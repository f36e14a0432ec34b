import { aboutVm } from '../opennebula/model/vm-log';
import type { DriverPlace, Reply } from './script-call';

/**
 * Of a script on the front-end that succeeds OpenNebula 7 logs what begins with the VM's number, and 6.x nothing. On a
 * host it logs all (ssh_stream.rb, run), and so it does of a failure: there the number would only stand in the way.
 */
export function loggedOnSuccess(reply: Reply, vmId: string, { runs }: DriverPlace): Reply {
  if (reply.exit !== 0 || runs !== 'frontend') return reply;
  return { ...reply, stderr: aboutVm(reply.stderr, vmId) };
}
