import type { ExitCode } from '../core/exit-codes';
import type { DomainReport } from '../core/finding';
import { inspect } from '../block-state/inspect';
import { printEach, statusOf } from '../cli/print-reports';
import { renderBlockReport } from '../block-state/render-block-state';
import { allDomains, someDomains, type Command } from '../cli/command';

export const inspectVerb: Command = {
  name: 'inspect',
  words: '<domain…|--all>',
  takes: someDomains,
  summary: 'the block state of QEMU, backend by backend; no guest is paused',
  options: { all: allDomains },
  examples: [
    ['migrate-guard inspect one-310', 'did a failed migration leave its disks stuck?'],
    ['migrate-guard inspect --all --json', 'all domains of this host, for a program'],
  ],
  run: async (line, settings) => {
    const asked = line.flag('all') ? 'all' : line.words;
    const render = (report: DomainReport): string => renderBlockReport(report, line.flag('verbose'));
    return statusOf(await printEach(inspect(asked, settings), line, render, exitOfState));
  },
};

/** A QEMU in a mount namespace that is not trusted is `blocked`, with an unknown block state. */
function exitOfState({ verdict, blockState }: DomainReport): ExitCode {
  if (verdict === 'blocked' || !['unknown', 'healthy'].includes(blockState)) return 'problem';
  return blockState === 'unknown' ? 'undecided' : 'ok';
}
