import { realpathSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { message, textOf } from '../messages';
import type { Layout } from './model/memory-layout';
import type { Settings } from '../config/settings';
import { remedyOf } from '../core/remedy-of';
import { readDwarf } from './io/debug-info';
import { storeLayout } from './io/layout-store';

/** Reads the memory layout of a QEMU build and stores it. */
export async function layout(
  binary: string,
  debugFile: string | undefined,
  settings: Settings,
): Promise<{ readonly layout: Layout; readonly file: string }> {
  const found = await readDwarf(real(binary), debugFile === undefined ? undefined : real(debugFile));
  return { layout: found, file: storeLayout(settings.reset.layoutDirectory, found) };
}

/** `/proc/PID/exe` can be read even if its file was deleted, which realpath does not find. */
function real(file: string): string {
  if (/^\/proc\/\d+\/exe$/.test(file)) return file;
  try {
    return realpathSync(file);
  } catch (error) {
    const remedy = remedyOf(error, file, { otherwise: textOf('name-qemu') });
    throw new GuardError('problem', {
      ...message('file-not-read', { file, error: errorName(error) }),
      remedy,
    });
  }
}
