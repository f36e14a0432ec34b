import { exitCodes } from '../../core/exit-codes';
import { isUnknown } from '../../core/facts';
import type { HostAction } from '../../core/host-request';
import type { Settings } from '../../core/settings';
import { failure, info, warning } from '../../opennebula/vm-log';
import { askHost, isForeign, notReady, refusalOf } from './ask-host';
import { readForDriver, type Call, type Reply } from './call';

/**
 * Before a live migration, for a site whose datastore driver calls it: what cannot be made safe is vetoed. After a veto
 * there is nothing to take back: a repair only adds what the host has. (Before 7.4 OpenNebula runs nothing more then,
 * since then failmigrate: one_vmm_exec.rb, migrate.) The destination is not asked for the paths, because datastore
 * drivers attach the disks there afterwards.
 */
export function premigrate(call: Call): Promise<Reply> {
  return script('premigrate', 'prepare', call);
}

/** After a failure. OpenNebula only logs how it ends. */
export function failMigrate(call: Call): Promise<Reply> {
  return script('failmigrate', 'heal', call);
}

async function script(name: string, action: HostAction, call: Call): Promise<Reply> {
  const request = readArguments(call);
  if (typeof request === 'string') {
    const remedy = 'OpenNebula or a datastore driver starts this script; see docs/opennebula.md';
    return refused('usage', name, request, remedy);
  }
  const { source, destination, vmId } = request;
  // OpenNebula 7 moves a VM to another datastore of its host so: libvirt copies the disks, and QEMU hands nothing over.
  if (source === destination) return { exit: 0, stdout: '', stderr: '' };
  // It runs no mover: only the policy says how to go on without the guard.
  const configured = await readForDriver(['policy']);
  if ('refused' in configured)
    return refused('undecided', `VM ${vmId}`, configured.refused, configured.remedy);
  const { settings, broken } = configured;
  if (broken !== undefined) return cannotRun(broken, request, settings);
  const { user, deadline } = settings.ssh;
  const answer = await askHost(
    { version: call.version, action, domain: vmId, destination },
    { host: source, user, connectTimeout: deadline },
    settings.host.deadline * 1000,
  );
  if (isUnknown(answer)) return cannotRun(answer.unknown, request, settings);
  if (answer.late) return cannotRun(notReady(settings.host.deadline), request, settings);
  const { end, did } = answer;
  // The VM's number is all that is known here, and an imported VM runs under a name of its own.
  if (isForeign(end) || end.result === 'not-running') return cannotRun(refusalOf(end), request, settings);
  const last = end.exit === 0 ? '' : failure(end.domain ?? `VM ${vmId}`, end.what, end.remedy);
  return { exit: end.exit, stdout: '', stderr: [...did.map(info), last].join('') };
}

interface Request {
  readonly source: string;
  readonly destination: string;
  readonly vmId: string;
}

/** SOURCE DESTINATION VM_DIRECTORY VM_ID DATASTORE_ID, as every TM script gets them; StorPool's add a template. */
function readArguments({ args }: Call): Request | string {
  const [source, destination, directory, vmId] = args;
  if (source === undefined || destination === undefined || directory === undefined || vmId === undefined) {
    return `SOURCE DESTINATION VM_DIRECTORY VM_ID DATASTORE_ID are needed, and ${args.length} arguments were given`;
  }
  return { source, destination, vmId };
}

function cannotRun(why: string, { source, vmId }: Request, { policy }: Settings): Reply {
  const what = `the guard cannot run: ${why}`;
  const remedy = `migrate-guard doctor --host ${source}`;
  if (policy.whenGuardFails === 'refuse') return refused('undecided', `VM ${vmId}`, what, remedy);
  return { exit: 0, stdout: '', stderr: warning(`VM ${vmId}: ${what}`) + warning(`-> ${remedy}`) };
}

function refused(code: keyof typeof exitCodes, ...said: Parameters<typeof failure>): Reply {
  return { exit: exitCodes[code].status, stdout: '', stderr: failure(...said) };
}
