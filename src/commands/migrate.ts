import { resolve } from 'node:path';
import { exitCodes } from '../core/exit-codes';
import { guardResults } from '../move/model/move-states';
import { validateHost } from '../os/host-name';
import { startProgram, type Mover } from '../move/io/mover-process';
import { virshHere } from '../hypervisor/virsh-argv';
import { asKeyHolder } from '../os/ssh';
import { runGuardedMove } from '../move/guarded-move';
import type { GuardOptions } from '../move/session';
import type { GuardAction, GuardReport } from '../move/move-report';
import { observeMover } from './move-signals';
import { explainError } from '../cli/explain-error';
import { printJson } from '../cli/print-reports';
import { print } from '../cli/stdout';
import { printable, printableLines } from '../cli/escape';
import type { CommandLine, Command } from '../cli/command';

export const migrateVerb: Command = {
  name: 'migrate',
  words: '<domain> <destination>',
  takes: { least: 2, most: 2, each: ['domain', 'host'] },
  summary: 'guarded live migration directly through libvirt',
  options: {},
  examples: [
    ['migrate-guard migrate one-310 kvm2', 'check, repair, move; after a failure, repair the state of QEMU'],
  ],
  run: (line, settings) => {
    const [word = '', destination = ''] = line.words;
    validateHost(destination);
    const { options, uri } = settings.migrate;
    const mover = ({ uuid }: { readonly uuid: string }): Mover => {
      const there = uri.replaceAll('{host}', destination.includes(':') ? `[${destination}]` : destination);
      // libvirt opens the ssh connection itself.
      const virsh = virshHere('migrate', ...options, uuid, there);
      const command = asKeyHolder(settings.ssh.user, virsh, 'used');
      return { name: 'virsh migrate', start: () => startProgram({ command }) };
    };
    return runMove(word, { settings, destination, mover }, line);
  },
};

export const saveVerb: Command = {
  name: 'save',
  words: '<domain> <file>',
  takes: { least: 2, most: 2, each: ['domain', 'file'] },
  summary: 'guarded save to a file',
  options: {},
  examples: [
    [
      'migrate-guard save one-310 /var/lib/one/datastores/0/310/checkpoint',
      'what suspend, stop and a cold migration do',
    ],
  ],
  run: (line, settings) => {
    const [word = '', file = ''] = line.words;
    const mover = ({ uuid }: { readonly uuid: string }): Mover => ({
      name: 'virsh save',
      // virsh takes a relative path as relative to its own working directory.
      start: () => startProgram({ command: virshHere('save', uuid, resolve(file)) }),
    });
    return runMove(word, { settings, mover, file: resolve(file) }, line);
  },
};

async function runMove(word: string, options: GuardOptions, line: CommandLine): Promise<number> {
  const json = line.flag('json');
  const reportAction = ({ action, what }: GuardAction): void => {
    if (!json) process.stderr.write(`${action}: ${printable(what)}\n`);
  };
  const report = await runGuardedMove(word, { ...options, reportAction, observe: observeMover });
  try {
    const { output, ...rest } = report;
    if (json) printJson({ ...rest, output });
    else printReport(report);
  } catch (error) {
    // The status is that of the move, also if its report cannot be printed.
    explainError(error, { json: false, verbose: false });
  }
  const own = report.attempts.at(-1)?.exit;
  if (report.result === 'mover-failed' && typeof own === 'number' && own !== 0) return own;
  return exitCodes[guardResults[report.result]].status;
}

/** The mover's own output comes first, if it failed; then the reason and the remedy, in two lines. */
function printReport({ result, domain, what, remedy, warning, output }: GuardReport): void {
  if (output && (result !== 'done' || output.exit !== 0))
    process.stderr.write(shown(process.stderr, output.stderr));
  if (output && output.stdout.trim() !== '') print(shown(process.stdout, output.stdout));
  if (result === 'done') print(`${printable(domain)}: done\n`);
  if (result === 'done' && !warning) return;
  const prefix = warning ? 'warning: ' : '';
  process.stderr.write(`migrate-guard: ${prefix}${printable(domain)}: ${printable(what)}\n`);
  if (remedy !== undefined) process.stderr.write(`  -> ${printable(remedy)}\n`);
}

/** On a terminal without control characters: the mover does not run as root, and prints what the destination sends. */
function shown(stream: NodeJS.WriteStream, text: string): string {
  return stream.isTTY ? printableLines(text) : text;
}
