import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorName } from '../../core/errors';
import type { AvoidedPath } from '../model/path-question';
import { log } from '../../os/log';
import { startTimeOf } from '../../os/process-start-time';

/** On a tmpfs: what hangs ends with the boot. Only root can write here. */
const directory = '/run/migrate-guard/hung';

/**
 * Storage at which a child of this or of another run hangs, and cannot be ended. As long as such a child lives nobody
 * looks there again, so that each dead mount holds one process and not one more with every run.
 */
export function rememberedHangs(): AvoidedPath[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const file = join(directory, name);
    const [, pid, start] = /^([0-9]+)-([0-9]+)$/.exec(name) ?? [];
    try {
      if (startTimeOf(Number(pid)) === Number(start)) {
        const { path, why } = JSON.parse(readFileSync(file, 'utf8')) as Partial<AvoidedPath>;
        return typeof path === 'string' && typeof why === 'string' ? [{ path, why }] : [];
      }
      rmSync(file, { force: true });
    } catch (error) {
      log('what is known of hung storage cannot be read', { file, why: errorName(error) });
    }
    return [];
  });
}

/** Before the child is killed: most children end then, and what is remembered of them counts for nothing. */
export function rememberHang(pid: number, hang: AvoidedPath): void {
  const start = startTimeOf(pid);
  if (start === undefined) return;
  const file = join(directory, `${pid}-${start}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(hang), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // Another user than root remembers nothing, and asks each time.
    log('hung storage cannot be remembered', { file, why: errorName(error) });
  }
}
