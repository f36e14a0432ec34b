import { explain } from '../disk-paths/explain';
import { exitOf, printDomains } from '../cli/print-reports';
import { renderExplained } from '../disk-paths/render-explain';
import { oneDomain, type Command } from '../cli/command';
import { print } from '../cli/stdout';

export const explainVerb: Command = {
  name: 'explain',
  words: '<domain>',
  takes: oneDomain,
  summary: 'every disk path as the host and as QEMU sees it, side by side, hop by hop',
  options: {},
  examples: [['migrate-guard explain one-310', 'where the two paths differ']],
  run: async (line, settings) => {
    const explained = await explain(line.words[0] ?? '', settings);
    if (line.flag('json')) printDomains([{ ...explained.report, disks: explained.disks }]);
    else print(renderExplained(explained));
    return exitOf([explained.report.verdict]);
  },
};
