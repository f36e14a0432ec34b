import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorName } from '../../core/error-name';
import type { AvoidedPath } from '../model/path-question';
import { log } from '../../os/log';
import { startTimeOf } from '../../os/process-start-time';

/** On a tmpfs, because a hang ends with the boot. Only root can write here. */
const directory = '/run/migrate-guard/hung';

/**
 * Storage at which a child of this or of another run hangs, and cannot be ended. As long as such a child lives no run
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
      log('a record of hung storage cannot be read', { file, why: errorName(error) });
    }
    return [];
  });
}

/** To be called before the child is killed: a child that then ends makes its record void. */
export function rememberHang(pid: number, hang: AvoidedPath): void {
  const start = startTimeOf(pid);
  if (start === undefined) return;
  const file = join(directory, `${pid}-${start}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(hang), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // Another user than root cannot write it, and looks there each time.
    log('a record of hung storage cannot be written', { file, why: errorName(error) });
  }
}
