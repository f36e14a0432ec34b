import { hostname } from 'node:os';
import { GuardError } from '../core/errors';
import { message } from '../messages';
import { exitCodes } from '../core/exit-codes';
import { changesToUndo, relink, type ExpectedChange, type LinkReport } from '../relink/relink';
import { printJson } from '../cli/print-reports';
import { Progress } from '../cli/progress';
import { print } from '../cli/stdout';
import { readMap } from './link-map-file';
import { printable } from '../cli/escape';
import type { CommandLine, Command } from '../cli/command';

export const relinkVerb: Command = {
  name: 'relink',
  words: '<link> <target> | --map FILE | --undo JOURNAL',
  takes: { least: 0, most: 2, each: ['file'] },
  summary: 're-point disk links without breaking a running VM',
  options: {
    map: { value: 'FILE', help: 'a file with a line "link target" for each of many links' },
    undo: { value: 'JOURNAL', help: 'undo what an earlier run did' },
    'dry-run': { help: 'report what would be done, and do nothing' },
  },
  examples: [
    ['migrate-guard relink /var/lib/one/datastores/0/310/disk.0 /dev/storpool-byid/fir.b.f2g', 'one link'],
    ['migrate-guard relink --map links.txt --dry-run', 'what would happen to many links'],
    ['migrate-guard relink --undo /var/log/migrate-guard/relink-….jsonl', 'take it back'],
  ],
  run: async (line, settings) => {
    const changes = changesOf(line);
    const progress = new Progress();
    const { journal, links } = await relink(changes, {
      settings,
      dryRun: line.flag('dry-run'),
      surveyed: (done, all) => progress.show(`looking at the VMs of this host: ${done}/${all}`),
    });
    const reports: LinkReport[] = [];
    for await (const report of links) {
      reports.push(report);
      progress.show(`links: ${reports.length}/${changes.length}`);
      if (!line.flag('json') && report.result === 'left') progress.above(render(report));
    }
    progress.end();
    if (line.flag('json')) printJson({ host: hostname(), journal: journal ?? null, links: reports });
    else print(summarize(reports, journal));
    return exitCodes[reports.some(({ result }) => result === 'left') ? 'problem' : 'ok'].status;
  },
};

/** @throws GuardError for an invalid command line or map, before anything is done */
function changesOf(line: CommandLine): readonly ExpectedChange[] {
  const [link, target] = line.words;
  const [map, undo] = [line.value('map'), line.value('undo')];
  const paths = [map, undo, link].filter((resolved) => resolved !== undefined);
  if (paths.length !== 1 || (link !== undefined && target === undefined)) {
    throw new GuardError('usage', message('relink-words-wrong'));
  }
  if (undo !== undefined) return changesToUndo(undo);
  if (map !== undefined) return readMap(map);
  if (link?.startsWith('/') !== true) {
    throw new GuardError('usage', message('link-not-absolute', { path: link ?? '' }));
  }
  return [{ link, target: target ?? '' }];
}

function render({ link, from, to, why, remedy }: LinkReport): string {
  const lines = [`left as it was: ${link} -> ${from ?? '?'} (asked for: ${to})`, `  ${why ?? ''}`];
  if (remedy !== undefined) lines.push(`    -> ${remedy}`);
  return `${lines.map(printable).join('\n')}\n`;
}

function summarize(reports: readonly LinkReport[], journal: string | undefined): string {
  const count = (result: LinkReport['result']): number =>
    reports.filter((report) => report.result === result).length;
  const parts = (['moved', 'would-move', 'unchanged', 'left'] as const)
    .filter((result) => count(result) > 0)
    .map(
      (result) =>
        `${count(result)} ${{ moved: 'moved', 'would-move': 'would be moved', unchanged: 'already there', left: 'left as they were' }[result]}`,
    );
  const undo =
    journal !== undefined && count('moved') > 0
      ? `To take it back: migrate-guard relink --undo ${journal}\n`
      : '';
  return `${reports.length} links: ${parts.join(', ') || 'nothing to do'}\n${undo}`;
}
