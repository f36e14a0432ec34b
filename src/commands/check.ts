import { validateHost } from '../os/host-name';
import { check } from '../disk-paths/deep-check';
import { printReports } from '../cli/print-reports';
import { allDomains, someDomains, type Command } from '../cli/command';

export const checkVerb: Command = {
  name: 'check',
  words: '<domain…|--all>',
  takes: someDomains,
  summary: 'can the VM migrate? if not, why, hop by hop',
  options: {
    all: allDomains,
    deep: { help: 'ask QEMU itself, and open each disk as QEMU would' },
    destination: { value: 'HOST', help: 'do the same paths exist on that host?' },
  },
  examples: [
    ['migrate-guard check one-310', 'one domain, by name'],
    ['migrate-guard check --all --json', 'all domains of this host, for a program'],
    ['migrate-guard check 310 --deep --destination kvm2', 'everything that can be known before a migration'],
  ],
  run: (line, settings) => {
    const destination = line.value('destination');
    if (destination !== undefined) validateHost(destination);
    const options = { settings, deep: line.flag('deep'), destination };
    return printReports(check(line.flag('all') ? 'all' : line.words, options), line);
  },
};
