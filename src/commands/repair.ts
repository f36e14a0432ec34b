import { repair, repairExit, type RepairReport } from '../disk-paths/repair';
import { fleetOptions, isForFleet, rollOutFleet } from './fleet-rollout';
import { printEach, statusOf } from '../cli/print-reports';
import { renderReport, renderStep } from '../cli/render-report';
import { allDomains, someDomains, type Command } from '../cli/command';

export const repairVerb: Command = {
  name: 'repair',
  words: '<domain…|--all>',
  takes: someDomains,
  summary: "create what is missing in QEMU's mount namespace, and prove it by opening each disk there",
  options: {
    all: allDomains,
    'dry-run': { help: 'report what would be done, and do nothing' },
    ...fleetOptions,
  },
  examples: [
    ['migrate-guard repair one-310 --dry-run', 'what would be created, and where'],
    ['migrate-guard repair --all', 'every domain of this host'],
    ['migrate-guard repair --all --hosts kvm1,kvm2', 'on the front-end: the VMs of two hosts, ten at a time'],
  ],
  run: async (line, settings) => {
    if (isForFleet(line)) return rollOutFleet('repair', line, settings);
    const options = { settings, dryRun: line.flag('dry-run') };
    const reports = repair(line.flag('all') ? 'all' : line.words, options);
    return statusOf(await printEach(reports, line, renderRepair, repairExit));
  },
};

export function renderRepair(report: RepairReport): string {
  if (report.result === 'repaired') {
    const lines = report.plan.map((step) => `  ${renderStep(step)}\n`);
    return `${renderReport({ ...report, plan: [] })}  repaired, and every disk opens as QEMU opens it:\n${lines.join('')}`;
  }
  const results = {
    'nothing-to-do': 'nothing to repair',
    'would-repair': 'a dry run: nothing was changed',
  } as const;
  const word =
    report.result in results
      ? results[report.result as keyof typeof results]
      : `${report.result}: nothing was changed`;
  return `${renderReport(report)}  ${word}\n`;
}
