import { statSync } from 'node:fs';
import { version } from '../cli/version';
import type { Settings } from '../config/settings';
import { isFailure } from '../core/errors';
import { readState } from './io/state-file';
import { isCurrent, noticesAll, type FoundSafe } from './model/current';

/**
 * Those of these domains that the watcher of this host has found safe, and that have not changed since: they need no check.
 * None where it does not notice everything, or does not run.
 */
export function foundSafe(
  names: readonly string[],
  { libvirt, watch }: Settings,
): ReadonlyMap<string, FoundSafe> {
  const found = new Map<string, FoundSafe>();
  const state = readState();
  if (isFailure(state) || !noticesAll(state, version())) return found;
  const known = new Map(Object.entries(state.domains));
  const now = new Date().getTime() / 1000;
  for (const name of names) {
    const vm = known.get(name);
    if (!vm || !isCurrent(vm, state, { now, interval: watch.interval })) continue;
    // libvirt writes its file when a domain starts, gets another disk, or has a job.
    const changes = [`${libvirt.stateDirectory}/${name}.xml`, `/proc/${vm.pid}/root/dev`].map(lastChange);
    if (changes.every((at) => at !== undefined && at < vm.time)) found.set(name, vm);
  }
  return found;
}

/** Of a file, or of the entries of a directory, in seconds since 1970; `undefined` where it cannot be read. */
function lastChange(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs / 1000;
  } catch {
    return undefined;
  }
}
