import { GuardError } from '../core/errors';
import { message } from '../messages';
import { exitCodes } from '../core/exit-codes';
import { strategies } from '../core/remedy-name';
import { validateHost } from '../os/host-name';
import { reset, type ResetRequest } from '../block-state/reset';
import { resetAll } from '../block-state/reset-all';
import { resetResults } from '../block-state/reset-report';
import { fleetOptions, isForFleet, rollOutFleet } from './fleet-rollout';
import { print } from '../cli/stdout';
import { printEach, printJson, statusOf } from '../cli/print-reports';
import { renderReset } from '../block-state/render-block-state';
import { oneDomain, type CommandLine, type Command } from '../cli/command';

export const resetVerb: Command = {
  name: 'reset',
  words: '<domain|--all>',
  takes: oneDomain,
  summary: 'repair the state in which a failed migration left QEMU, so that the next one can succeed',
  options: {
    strategy: {
      value: `auto|${strategies.join('|')}`,
      choices: ['auto', ...strategies],
      help: 'the remedy; auto: the least invasive one that is allowed and works',
    },
    destination: {
      value: 'HOST',
      help: 'the host to which the last migration went: it must not have a copy of the domain',
    },
    all: { help: 'every domain of this host that a failed migration left stuck, or may have' },
    'dry-run': { help: 'print what would be done, and the gdb script if gdb would be used' },
    ...fleetOptions,
  },
  examples: [
    ['migrate-guard reset one-310', 'with the least invasive remedy'],
    ['migrate-guard reset one-310 --destination kvm2', 'kvm2 must not have a copy of it'],
    ['migrate-guard reset one-310 --strategy gdb --dry-run', 'the gdb script to run by hand'],
    ['migrate-guard reset --all --hosts all', 'on the front-end: all VMs that need it, ten at a time'],
  ],
  run: async (line, settings) => {
    if (isForFleet(line)) {
      refuseForFleet(line);
      return rollOutFleet('reset', line, settings);
    }
    const strategy = strategies.find((known) => known === line.value('strategy')) ?? 'auto';
    const destination = line.value('destination');
    if (destination !== undefined) validateHost(destination);
    const options: ResetRequest = { settings, strategy, dryRun: line.flag('dry-run'), destination };
    if (line.flag('all')) return resetEvery(options, line);
    const report = await reset(line.words[0] ?? '', options);
    if (line.flag('json')) printJson(report);
    else print(renderReset(report));
    return exitCodes[resetResults[report.result]].status;
  },
};

async function resetEvery(options: ResetRequest, line: CommandLine): Promise<number> {
  const codes = await printEach(
    resetAll(options),
    line,
    renderReset,
    ({ result }) => resetResults[result],
    () => print('nothing to reset\n'),
  );
  return statusOf(codes);
}

function refuseForFleet(line: CommandLine): void {
  const foreign = ['strategy', 'destination'].find((option) => line.value(option) !== undefined);
  if (foreign === undefined) return;
  throw new GuardError('usage', message('not-with-hosts', { option: foreign }));
}
