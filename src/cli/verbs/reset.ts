import { GuardError } from '../../core/errors';
import { exitCodes } from '../../core/exit-codes';
import { isStrategy, strategies } from '../../core/strategy';
import { validateHost } from '../../system/host-name';
import { reset, resetResults } from '../../workflows/reset';
import { printJson } from '../print';
import { renderReset } from '../render-reset';
import type { Verb } from '../verb';

export const resetVerb: Verb = {
  name: 'reset',
  words: '<domain>',
  summary: 'heal what a failed migration left behind in QEMU, so that the next one can work',
  options: {
    strategy: {
      type: 'string',
      value: `auto|${strategies.join('|')}`,
      help: 'how; auto takes the least invasive that is allowed and works',
    },
    destination: {
      type: 'string',
      value: 'HOST',
      help: 'where the last migration was to go: asked whether it holds a copy of the domain',
    },
    'dry-run': { type: 'boolean', help: 'print what would be done, with the gdb script if that is it' },
  },
  examples: [
    ['migrate-guard reset one-310', 'the least invasive way'],
    ['migrate-guard reset one-310 --destination kvm2', 'kvm2 must hold no copy of it'],
    ['migrate-guard reset one-310 --strategy gdb --dry-run', 'the gdb script to run by hand'],
  ],
  run: async (line, settings) => {
    const strategy = line.value('strategy') ?? 'auto';
    if (strategy !== 'auto' && !isStrategy(strategy)) {
      throw new GuardError('usage', `${strategy} is no strategy`, `take auto, ${strategies.join(', ')}`);
    }
    const destination = line.value('destination');
    if (destination !== undefined) validateHost(destination);
    const report = await reset(line.words[0] ?? '', {
      settings,
      strategy,
      dryRun: line.flag('dry-run'),
      ...(destination === undefined ? {} : { destination }),
    });
    if (line.flag('json')) printJson(report);
    else process.stdout.write(renderReset(report));
    return exitCodes[resetResults[report.result]].status;
  },
};
