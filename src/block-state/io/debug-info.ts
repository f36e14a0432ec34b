import { basename } from 'node:path';
import { GuardError } from '../../core/errors';
import { layoutFrom, layoutQuestions } from '../model/gdb-layout-query';
import type { Layout } from '../model/memory-layout';
import { isUnknown } from '../../core/unknown';
import { runCommand } from '../../os/run-command';
import { readElf } from './elf';

/** With debuginfod, debug information of some 100 MB comes over the network first. */
const deadlineMs = 600_000;

/**
 * Reads the layout of a QEMU build from its debug information, by a gdb that is attached to nothing. gdb finds
 * it in the program, or below /usr/lib/debug by the build-id, or, where DEBUGINFOD_URLS is set, by debuginfod.
 * @throws GuardError
 */
export async function readDwarf(binary: string, debugFile: string | undefined): Promise<Layout> {
  const elf = readElf(binary);
  if (isUnknown(elf))
    throw new GuardError('problem', `${basename(binary)}: ${elf.unknown}`, 'name the QEMU program');
  if (debugFile !== undefined) {
    const other = readElf(debugFile);
    const found = isUnknown(other) ? other.unknown : other.buildId;
    if (found !== elf.buildId) {
      const what = `${debugFile} is not the debug information of ${binary}: ${found} instead of build-id ${elf.buildId}`;
      throw new GuardError('problem', what, 'install the debug package of exactly this version');
    }
  }
  const online = (process.env['DEBUGINFOD_URLS'] ?? '') !== '';
  const settings = ['auto-load off', `debuginfod enabled ${online ? 'on' : 'off'}`, 'width 0'];
  const first = settings.flatMap((setting) => ['-iex', `set ${setting}`]);
  const questions = layoutQuestions().flatMap((question) => ['-ex', question]);
  const argv = ['gdb', '-batch', '-nx', ...first, ...questions, '--', debugFile ?? binary] as const;
  const result = await runCommand(argv, { deadline: deadlineMs, cwd: '/' });
  if (result.missing) throw new GuardError('problem', 'gdb is not installed', 'install the package gdb');
  if (result.timedOut) throw new GuardError('problem', `gdb did not end within ${deadlineMs / 1000} s`);
  return toLayout(binary, elf.buildId, result.stdout, result.stderr);
}

function toLayout(binary: string, buildId: string, answers: string, complaints: string): Layout {
  const layout = layoutFrom(answers, { buildId, binary });
  if (!isUnknown(layout)) return layout;
  const said = complaints.trim().split('\n')[0] ?? '';
  throw new GuardError(
    'problem',
    `the debug information of ${binary} (build-id ${buildId}) is missing or not complete: ${layout.unknown}${said === '' ? '' : ` (gdb: ${said})`}`,
    'install the debug package of exactly this QEMU, name its file with --debug-file, or set DEBUGINFOD_URLS',
  );
}
