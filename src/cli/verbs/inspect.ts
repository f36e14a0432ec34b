import { exitCodes, type ExitCode } from '../../core/exit-codes';
import type { BlockState } from '../../core/finding';
import { inspect, type BlockReport } from '../../workflows/inspect';
import { printDomains } from '../print';
import { renderBlockReport } from '../render-reset';
import { allDomains, type Verb } from '../verb';

/** Worst first. */
const exits: readonly (readonly [BlockState, ExitCode])[] = [
  ['half-inactive', 'problem'],
  ['stuck', 'problem'],
  ['unknown', 'undecided'],
];

export const inspectVerb: Verb = {
  name: 'inspect',
  words: '<domain…|--all>',
  summary: 'block state of QEMU, backend by backend; no guest is paused',
  options: { all: allDomains },
  examples: [
    ['migrate-guard inspect one-310', 'did a failed migration leave its disks stuck?'],
    ['migrate-guard inspect --all --json', 'all domains of this host, for a program'],
  ],
  run: async (line, settings) => {
    const reports: BlockReport[] = [];
    for await (const report of inspect(line.flag('all') ? 'all' : line.words, settings)) {
      reports.push(report);
      if (!line.flag('json')) process.stdout.write(renderBlockReport(report, line.flag('verbose')));
    }
    if (line.flag('json')) printDomains(reports);
    else if (reports.length === 0) process.stderr.write('No domain runs on this host.\n');
    const worst = exits.find(([state]) => reports.some(({ blockState }) => blockState === state));
    return exitCodes[worst?.[1] ?? 'ok'].status;
  },
};
