import { GuardError } from '../core/errors';
import { message, textOf } from '../messages';
import { hookStates, type HookName } from '../opennebula/model/migration-history';
import { readNamedFile } from '../os/read-named-file';
import { readXml } from '../os/read-xml';
import { testHook } from '../plugin/hook-test';
import { printJson } from '../cli/print-reports';
import { renderHookTest } from '../plugin/render-hook-test';
import type { CommandLine, Command } from '../cli/command';
import { print } from '../cli/stdout';

const hooks = Object.keys(hookStates) as readonly HookName[];

export const hookVerb: Command = {
  name: 'hook',
  words: 'test <pre-migrate | post-failure>',
  takes: { least: 2, most: 2, each: [['test'], hooks] },
  summary: 'run an installed hook on a VM as OpenNebula would, and show all its output',
  options: {
    vm: { value: 'ID', help: "the VM's ID in OpenNebula" },
    event: {
      value: 'FILE',
      help: 'a saved event instead of the output of onevm show: XML, or XML in Base64',
    },
    'dry-run': { help: 'the hook reports what it would do, and does nothing' },
  },
  examples: [
    ['migrate-guard hook test post-failure --vm 310 --dry-run', 'what the hook would do with this VM now'],
    ['migrate-guard hook test pre-migrate --vm 310 --event event.xml', 'with an event that was saved'],
  ],
  run: async (line, settings) => {
    const hook = line.words[1] as HookName;
    const vmId = vmIdOf(line);
    const file = line.value('event');
    const event = file === undefined ? {} : { event: readEvent(file) };
    const test = await testHook(hook, { settings, vmId, dryRun: line.flag('dry-run'), ...event });
    if (line.flag('json')) printJson(test);
    else print(renderHookTest(test, readXml(test.event)));
    return test.exit;
  },
};

function vmIdOf(line: CommandLine): string {
  const [, vmId] = /^(?:one-)?([0-9]{1,10})$/.exec(line.value('vm') ?? '') ?? [];
  if (vmId !== undefined) return vmId;
  const given = line.value('vm');
  const mistake =
    given === undefined
      ? message('hook-without-vm')
      : message('vm-id-wrong', { given: JSON.stringify(given) });
  throw new GuardError('usage', mistake);
}

function readEvent(file: string): string {
  return readNamedFile(file, textOf('event-file', { file }), textOf('name-event-file'));
}
