import { existsSync } from 'node:fs';
import { GuardError, isFailure } from '../core/errors';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { hookStates, isFiredBy, type HookName } from '../opennebula/model/migration-history';
import { xmlOfEvent } from '../opennebula/model/vm-event';
import { hookCommand, hookProgram, runAsHookManager } from './hook-environment';
import { showVm } from '../opennebula/onevm';
import { readVmEvent } from '../opennebula/read-vm';

interface HookTestOptions {
  readonly settings: Settings;
  readonly vmId: string;
  /** What a file holds that was given: an event that was saved, raw or in Base64. */
  readonly event?: string;
  readonly dryRun: boolean;
}

/** A hook's run, and all that it was given. */
export interface HookTest {
  readonly hook: HookName;
  readonly domain: string;
  readonly argv: readonly string[];
  readonly user: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Base64, as `$TEMPLATE`. */
  readonly stdin: string;
  /** The same in clear. */
  readonly event: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the installed program of a hook on a VM as OpenNebula's hook manager would. The VM's XML is what `onevm show`
 * prints now: the same document as in the event, but for what the VM was before (PREV_STATE, PREV_LCM_STATE).
 * @throws GuardError before anything runs.
 */
export async function testHook(hook: HookName, options: HookTestOptions): Promise<HookTest> {
  const { settings, vmId, dryRun } = options;
  const program = hookProgram(hook);
  if (!existsSync(program)) {
    const what = `the hook's program ${program} is not installed`;
    throw new GuardError('problem', what, 'run install.sh frontend');
  }
  const xml = xmlOfEvent(options.event ?? (await askOpenNebula(vmId, settings)));
  checkEvent(hook, xml, vmId, options.event !== undefined);
  const command = hookCommand(hook, settings.ssh.user, dryRun);
  const stdin = Buffer.from(xml).toString('base64');
  const ran = await runAsHookManager(command, stdin);
  return { hook, domain: `one-${vmId}`, ...command, stdin, event: xml, ...ran };
}

async function askOpenNebula(vmId: string, { ssh: { user } }: Settings): Promise<string> {
  const shown = await showVm(vmId, user);
  if (!isUnknown(shown)) return shown;
  const remedy = 'run this on the front-end with the ID of a VM, or give a saved event: --event FILE';
  throw new GuardError('undecided', `the XML of VM ${vmId} cannot be had: ${shown.unknown}`, remedy);
}

function checkEvent(hook: HookName, xml: string, vmId: string, isSaved: boolean): void {
  const event = readVmEvent(xml);
  const what = isSaved ? 'the saved event' : `what onevm show -x ${vmId} prints`;
  if (isFailure(event)) {
    const why = `${what} is no event: ${event.what}`;
    throw new GuardError('usage', why, 'see docs/opennebula.md for how to save one');
  }
  if (event.vmId !== vmId) {
    const why = `${what} is of VM ${event.vmId}, not of VM ${vmId}`;
    throw new GuardError('usage', why, `give --vm ${event.vmId}`);
  }
  if (isFiredBy(hook, event)) return;
  const { state, lcmState } = event;
  throw new GuardError(
    'problem',
    `VM ${vmId} is in STATE ${state} and LCM_STATE ${lcmState}, so OpenNebula would not run ${hook}, which is for ${hookStates[hook].words}`,
    'run this while it is in that state, or give a saved event: --event FILE',
  );
}
