import { noWords, type Command, type CommandLine } from '../cli/command';
import { exitOfVerdict, printEach, printJson, statusOf } from '../cli/print-reports';
import { renderReport } from '../cli/render-report';
import { print } from '../cli/stdout';
import type { Settings } from '../config/settings';
import { GuardError, isFailure, messageOf } from '../core/errors';
import type { DomainReport } from '../core/finding';
import { repairExit, type RepairReport } from '../disk-paths/repair';
import { message } from '../messages';
import { readState } from '../watch/io/state-file';
import { renderState } from '../watch/render-state';
import { watchHost } from '../watch/watch-host';
import { lookAtAll } from '../watch/look';
import { renderRepair } from './repair';

export const watchVerb: Command = {
  name: 'watch',
  words: '',
  takes: noWords,
  summary: "keep disk paths of this host's VMs whole, and give QEMU its disks back",
  options: {
    once: { help: 'look at every VM once, repair paths, give disks back, and end' },
    status: { help: 'print what the running watcher sees' },
  },
  examples: [
    [
      'migrate-guard watch',
      'until SIGTERM or Ctrl-C, one line for each thing done; migrate-guard-watch.service runs it',
    ],
    ['migrate-guard watch --once', 'one round'],
    ['migrate-guard watch --status', 'is this host watched, and which VMs are not safe?'],
  ],
  run: async (line, settings) => {
    const [once, status] = [line.flag('once'), line.flag('status')];
    if (once && status) throw new GuardError('usage', message('watch-once-or-status'));
    if (status) return printState(line);
    if (line.flag('json') && !once) throw new GuardError('usage', message('watch-json'));
    if (process.geteuid?.() !== 0) throw new GuardError('notPermitted', message('watch-needs-root'));
    return once ? watchOnce(line, settings) : watchHost(settings);
  },
};

async function watchOnce(line: CommandLine, settings: Settings): Promise<number> {
  const codes = await printEach(
    lookAtAll(settings),
    line,
    (report) => (isRepair(report) ? renderRepair(report) : renderReport(report)),
    (report) => (isRepair(report) ? repairExit(report) : exitOfVerdict[report.verdict]),
  );
  return statusOf(codes);
}

function isRepair(report: DomainReport | RepairReport): report is RepairReport {
  return 'result' in report;
}

/** 0: the host is watched, and every VM is safe. */
function printState(line: CommandLine): number {
  const state = readState();
  if (isFailure(state)) throw new GuardError(state.code, messageOf(state));
  if (line.flag('json')) printJson(state);
  else print(renderState(state));
  const verdicts = Object.values(state.domains).map(({ verdict }) => exitOfVerdict[verdict]);
  return statusOf(state.libvirt ? verdicts : [...verdicts, 'undecided']);
}
