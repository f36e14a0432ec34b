import { exitCodes } from '../core/exit-codes';
import { doctor } from '../doctor/doctor';
import { printJson } from '../cli/print-reports';
import { printable } from '../cli/escape';
import { renderFindings } from '../cli/render-findings';
import { print } from '../cli/stdout';
import { noWords, type Command } from '../cli/command';
import { versionNumber } from '../cli/version';

export const doctorVerb: Command = {
  name: 'doctor',
  words: '',
  takes: noWords,
  summary: 'is the installation complete, here and on the hosts?',
  options: {
    host: { value: 'HOST', help: 'ask only this KVM host, over ssh from the front-end' },
  },
  examples: [
    ['migrate-guard doctor', 'this machine, and on a front-end every KVM host, too'],
    ['migrate-guard doctor --host kvm2 --json', 'one host, for a program'],
  ],
  run: async (line, settings) => {
    const report = await doctor(line.value('host'), settings, versionNumber);
    const { host, findings, hosts } = report;
    if (line.flag('json')) printJson(report);
    else {
      const what = line.flag('verbose') ? 'everything' : 'problems';
      for (const part of [...(findings.length > 0 ? [{ host, findings }] : []), ...hosts]) {
        const troubles = renderFindings(part.findings, what);
        print(`${printable(part.host)}:${troubles === '' ? ' all is in place' : ''}\n${troubles}`);
      }
    }
    const states = [findings, ...hosts.map((found) => found.findings)].flat().map(({ state }) => state);
    if (states.includes('problem')) return exitCodes.problem.status;
    return states.includes('unknown') ? exitCodes.undecided.status : exitCodes.ok.status;
  },
};
