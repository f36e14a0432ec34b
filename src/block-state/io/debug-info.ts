import { basename } from 'node:path';
import { GuardError } from '../../core/errors';
import { message, textOf } from '../../messages';
import { layoutFrom, layoutQuestions } from '../model/gdb-layout-query';
import type { Layout } from '../model/memory-layout';
import { isUnknown } from '../../core/unknown';
import { runCommand } from '../../os/run-command';
import { readElf } from './elf';

/** With debuginfod, gdb downloads some 100 MB of debug information first. */
const deadlineMs = 600_000;

/**
 * Reads the layout of a QEMU build from its debug information, by a gdb that is not attached to a process. gdb finds it
 * in the program, or below /usr/lib/debug by the build-id, or, if DEBUGINFOD_URLS is set, by debuginfod.
 * @throws GuardError
 */
export async function readDwarf(binary: string, debugFile: string | undefined): Promise<Layout> {
  const elf = readElf(binary);
  if (isUnknown(elf)) {
    const program = basename(binary);
    throw new GuardError('problem', message('not-qemu', { program, problem: elf.unknown }));
  }
  if (debugFile !== undefined) {
    const other = readElf(debugFile);
    const found = isUnknown(other) ? other.unknown : other.buildId;
    if (found !== elf.buildId) {
      const values = { file: debugFile, binary, found, buildId: elf.buildId };
      throw new GuardError('problem', message('other-debug-info', values));
    }
  }
  const online = (process.env['DEBUGINFOD_URLS'] ?? '') !== '';
  const settings = ['auto-load off', `debuginfod enabled ${online ? 'on' : 'off'}`, 'width 0'];
  const first = settings.flatMap((setting) => ['-iex', `set ${setting}`]);
  const questions = layoutQuestions().flatMap((question) => ['-ex', question]);
  const argv = ['gdb', '-batch', '-nx', ...first, ...questions, '--', debugFile ?? binary] as const;
  const result = await runCommand(argv, { deadline: deadlineMs, cwd: '/' });
  if (result.missing) throw new GuardError('problem', message('gdb-missing'));
  if (result.timedOut) throw new GuardError('problem', message('gdb-late', { seconds: deadlineMs / 1000 }));
  return toLayout(binary, elf.buildId, result.stdout, result.stderr);
}

function toLayout(binary: string, buildId: string, answers: string, complaints: string): Layout {
  const layout = layoutFrom(answers, { buildId, binary });
  if (!isUnknown(layout)) return layout;
  const words = complaints.trim().split('\n')[0] ?? '';
  const problem = words === '' ? layout.unknown : textOf('gdb-complains', { problem: layout.unknown, words });
  throw new GuardError('problem', message('debug-info-incomplete', { binary, buildId, problem }));
}
