import { existsSync } from 'node:fs';
import { GuardError, isFailure } from '../core/errors';
import type { Settings } from '../config/settings';
import { isUnknown } from '../core/unknown';
import { hookStates, isFiredBy, type HookName } from '../opennebula/model/migration-history';
import { xmlOfEvent } from '../opennebula/model/vm-event';
import { message, textOf } from '../messages';
import { hookCommand, hookProgram, runAsHookManager } from './hook-environment';
import { showVm } from '../opennebula/onevm';
import { readVmEvent } from '../opennebula/read-vm';

interface HookTestOptions {
  readonly settings: Settings;
  readonly vmId: string;
  /** The content of a given file: a saved event, raw or in Base64. */
  readonly event?: string;
  readonly dryRun: boolean;
}

/** A hook's run, and its input. */
export interface HookTest {
  readonly hook: HookName;
  readonly domain: string;
  readonly argv: readonly string[];
  readonly user: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Base64, as `$TEMPLATE`. */
  readonly stdin: string;
  /** The same as plain text. */
  readonly event: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the installed program of a hook on a VM as OpenNebula's hook manager would. The VM's XML is the present output
 * of `onevm show`: the same document as in the event, except for the VM's earlier state (PREV_STATE, PREV_LCM_STATE).
 * @throws GuardError before anything runs
 */
export async function testHook(hook: HookName, options: HookTestOptions): Promise<HookTest> {
  const { settings, vmId, dryRun } = options;
  const program = hookProgram(hook);
  if (!existsSync(program)) throw new GuardError('problem', message('hook-not-installed', { path: program }));
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
  throw new GuardError('undecided', message('hook-vm-not-shown', { vm: vmId, why: shown.unknown }));
}

function checkEvent(hook: HookName, xml: string, vmId: string, isSaved: boolean): void {
  const event = readVmEvent(xml);
  const document = isSaved ? textOf('saved-event') : textOf('shown-vm', { vm: vmId });
  if (isFailure(event))
    throw new GuardError('usage', message('hook-not-an-event', { document, reason: event.what }));
  if (event.vmId !== vmId)
    throw new GuardError(
      'usage',
      message('hook-event-of-another', { document, other: event.vmId, vm: vmId }),
    );
  if (isFiredBy(hook, event)) return;
  const { state, lcmState } = event;
  const { words: states } = hookStates[hook];
  throw new GuardError(
    'problem',
    message('hook-not-started-now', { vm: vmId, state, lcmState, hook, states }),
  );
}
