import { exitCodes, type ExitCode } from '../../core/exit-codes';
import type { BlockState, DomainReport } from '../../core/finding';
import { inspect } from '../../workflows/inspect';
import { printEach } from '../print';
import { renderBlockReport } from '../render-reset';
import { allDomains, someDomains, type Verb } from '../verb';

/** Worst first. A QEMU that is not to be trusted is blocked, and its disks are unknown. */
const exits: readonly (readonly [BlockState | 'blocked', ExitCode])[] = [
  ['blocked', 'problem'],
  ['half-inactive', 'problem'],
  ['stuck', 'problem'],
  ['not-resumed', 'problem'],
  ['unknown', 'undecided'],
];

export const inspectVerb: Verb = {
  name: 'inspect',
  words: '<domain…|--all>',
  takes: someDomains,
  summary: 'block state of QEMU, backend by backend; no guest is paused',
  options: { all: allDomains },
  examples: [
    ['migrate-guard inspect one-310', 'did a failed migration leave its disks stuck?'],
    ['migrate-guard inspect --all --json', 'all domains of this host, for a program'],
  ],
  run: async (line, settings) => {
    const asked = line.flag('all') ? 'all' : line.words;
    const render = (report: DomainReport): string => renderBlockReport(report, line.flag('verbose'));
    const states = await printEach(inspect(asked, settings), line, render, ({ blockState, verdict }) =>
      verdict === 'blocked' ? verdict : blockState,
    );
    const worst = exits.find(([state]) => states.includes(state));
    return exitCodes[worst?.[1] ?? 'ok'].status;
  },
};
