import { hasAnyGuard, hasGuards, type VmMad } from '../../opennebula/model/vm-mad';

/**
 * The VM_MADs of oned.conf that select our drivers, but whose arguments no driver of the running oned has. Drivers that run
 * have no name; so those whose arguments are in the file are left out first. If the rest use our drivers, only other
 * arguments were changed.
 */
export function notInUse(configured: readonly VmMad[], running: readonly string[]): VmMad[] {
  const left = running.map(wordsOf);
  const changed = configured.filter(({ args }) => {
    const found = left.indexOf(wordsOf(args));
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
  return left.every(hasGuards) ? [] : changed.filter(({ args }) => hasAnyGuard(args));
}

/** As a shell splits them. */
function wordsOf(args: string): string {
  return args.trim().split(/\s+/).join(' ');
}
