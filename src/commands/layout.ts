import { layout } from '../block-state/make-layout';
import { printJson } from '../cli/print-reports';
import { printable } from '../cli/escape';
import type { Command } from '../cli/command';
import { print } from '../cli/stdout';

export const layoutVerb: Command = {
  name: 'layout',
  words: '<qemu-binary>',
  takes: { least: 1, most: 1, each: ['file'] },
  summary: 'read and store the memory layout of a QEMU build, from its debug information',
  options: {
    'debug-file': { value: 'FILE', help: 'separate debug information of exactly this build' },
  },
  examples: [
    ['migrate-guard layout /usr/libexec/qemu-kvm', 'with its debug package installed'],
    [
      'migrate-guard layout ./qemu-kvm --debug-file ./qemu-kvm.debug',
      'on another machine; copy the file it prints',
    ],
  ],
  run: async (line, settings) => {
    const stored = await layout(line.words[0] ?? '', line.value('debug-file'), settings);
    if (line.flag('json')) printJson(stored);
    else print(`${printable(`the layout of build ${stored.layout.buildId} is stored in ${stored.file}`)}\n`);
    return 0;
  },
};
