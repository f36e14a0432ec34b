import { exitCodes } from '../../core/exit-codes';
import { isUnknown } from '../../core/facts';
import type { HostAction } from '../../core/host-request';
import { failure, info, warning } from '../../opennebula/vm-log';
import { askHost, type HostAnswer } from './ask-host';
import { readOrDefault, type Call, type Reply } from './call';

/**
 * Before a live migration, for a site whose datastore driver calls it: what cannot be made safe is vetoed. Nothing
 * else runs after a veto, and there is nothing to take back: a repair only adds what the host has. The destination is
 * not asked for the paths, because datastore drivers attach the disks there afterwards.
 */
export async function premigrate(call: Call): Promise<Reply> {
  const request = readArguments(call);
  if (typeof request === 'string') return usage(request);
  const asked = await ask('prepare', request, call);
  if ('cannotRun' in asked) return cannotRun(asked, request);
  const { end, did } = asked;
  const lines = did.map(info);
  if (end.exit === 0) return { exit: 0, stdout: '', stderr: lines.join('') };
  const reason = failure(end.domain ?? `VM ${request.vmId}`, end.what, end.remedy);
  return { exit: end.exit, stdout: '', stderr: [...lines, reason].join('') };
}

/** After a failure. OpenNebula only logs how it ends. */
export async function failMigrate(call: Call): Promise<Reply> {
  const request = readArguments(call);
  if (typeof request === 'string') return usage(request);
  const asked = await ask('heal', request, call);
  if ('cannotRun' in asked) return cannotRun(asked, request);
  const { end, did } = asked;
  const lines = did.map(info);
  const last = end.exit === 0 ? '' : failure(end.domain ?? `VM ${request.vmId}`, end.what, end.remedy);
  return { exit: end.exit, stdout: '', stderr: [...lines, last].join('') };
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

async function ask(action: HostAction, request: Request, call: Call): Promise<Answer> {
  const { source, destination, vmId } = request;
  const settings = await readOrDefault();
  if ('broken' in settings) return { cannotRun: settings.broken, refuse: false };
  const { user, deadline } = settings.ssh;
  const answer = await askHost(
    { version: call.version, action, domain: vmId, destination },
    { host: source, user, connectTimeout: deadline },
  );
  return isUnknown(answer)
    ? { cannotRun: answer.unknown, refuse: settings.policy.whenGuardFails === 'refuse' }
    : answer;
}

type Answer = HostAnswer | { readonly cannotRun: string; readonly refuse: boolean };

function cannotRun(
  { cannotRun: why, refuse }: { readonly cannotRun: string; readonly refuse: boolean },
  { source, vmId }: Request,
): Reply {
  const what = `the guard cannot run: ${why}`;
  const remedy = `migrate-guard doctor --host ${source}`;
  if (refuse) {
    return { exit: exitCodes.undecided.status, stdout: '', stderr: failure(`VM ${vmId}`, what, remedy) };
  }
  return { exit: 0, stdout: '', stderr: warning(`VM ${vmId}: ${what}`) + warning(`-> ${remedy}`) };
}

function usage(what: string): Reply {
  const remedy = 'OpenNebula or a datastore driver starts this script; see docs/opennebula.md';
  return { exit: exitCodes.usage.status, stdout: '', stderr: failure('premigrate', what, remedy) };
}
