import { existsSync, lstatSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GuardError, isFailure } from '../core/errors';
import type { Settings } from '../config/settings';
import type { OnedValue } from '../opennebula/model/oned-conf';
import {
  earlierMovers,
  guardedDrivers,
  hasGuards,
  kvmArguments,
  withGuards,
  withoutGuards,
} from '../opennebula/model/vm-mad';
import { keepCopy, refuseShared, replaceText } from '../os/edited-file';
import { readNamedFile } from '../os/read-user-file';

/** What install.sh does to oned.conf. Each gives the lines to print. @throws GuardError */

const byHand = 'edit oned.conf by hand; see docs/opennebula.md';

/** `migrate=frontend:migrate-tweaks`, one line per slot that someone else holds. */
export function movers(file: string): string[] {
  const found = earlierMovers(read(file).args.value);
  if (isFailure(found)) throw new GuardError(found.code, `${file}: ${found.what}`, byHand);
  return Object.entries(found).map(([action, script]) => `${action}=${script}`);
}

export function show(file: string): string[] {
  const { args } = read(file);
  if (hasGuards(args.value)) return [`unchanged  ${file} selects migrate-guard and save-guard`];
  return [
    '',
    `To be set in ${file}, in the VM_MAD named "kvm" (or run again with --set-vm-mad); now:`,
    `    ARGUMENTS      = "${args.value}"`,
    'then:',
    `    ARGUMENTS      = "${withGuards(args.value)}"`,
  ];
}

/** Before anything is installed: what `set` would refuse. */
export function maySet(file: string, backup: string): string[] {
  for (const path of [backup, file]) refuseShared(join(realpathSync(dirname(path)), basename(path)));
  const there = lstatSync(backup, { throwIfNoEntry: false });
  if (!there || there.isFile()) return [];
  throw new GuardError('problem', `${backup} is in the way: it is no plain file`, 'move it away');
}

export function set(file: string, backup: string): string[] {
  const { text, args } = read(file);
  if (hasGuards(args.value)) return [`unchanged  ${file} selects migrate-guard and save-guard`];
  maySet(file, backup);
  const older = keepCopy(file, backup);
  const after = withGuards(args.value);
  replaceText(file, withArguments(text, args, after));
  return [
    ...(older === undefined ? [] : [`kept       ${older}: what ${backup} was`]),
    `edited     ${file}: ARGUMENTS = "${after}"`,
    `           as it was: ${backup}`,
  ];
}

/** Before the drivers are removed: oned must not call what is not there, whichever VM_MAD selects it. */
export function restore(
  file: string,
  backup: string,
  { opennebula }: Settings,
  effect: 'dry-run' | 'do-it',
): string[] {
  const { text, args } = read(file);
  const original = existsSync(backup) ? readFileSync(backup, 'utf8') : undefined;
  const kept = original === undefined ? undefined : kvmArguments(original);
  const isOurs = kept !== undefined && !isFailure(kept) && withGuards(kept.value) === args.value;
  // What was kept may name a guard itself: one of the two was set by hand before install.sh set both.
  const value = isOurs ? withoutGuards(kept.value, opennebula) : args.value;
  const before = withArguments(text, args, value);
  const left = guardedDrivers(before);
  if (left.length > 0) {
    const wanted = left.map(
      (driver) =>
        `set ARGUMENTS = "${withoutGuards(driver.args, opennebula)}" in the VM_MAD named "${driver.name}"`,
    );
    throw new GuardError(
      'problem',
      `${file} selects migrate-guard, and was not set by install.sh as it is now`,
      `${wanted.join(', ')}, restart opennebula, and run this again`,
    );
  }
  if (value === args.value) {
    return original === undefined
      ? []
      : [`left       ${backup}: it is oned.conf as it was before --set-vm-mad`];
  }
  const isWhole = original !== undefined && isOurs && before === withArguments(original, kept, value);
  if (effect === 'do-it') {
    replaceText(file, before);
    if (isWhole) rmSync(backup);
  }
  return [
    `restored   ${file}: ARGUMENTS = "${value}"`,
    `${isWhole ? 'removed' : 'left   '}    ${backup}${isWhole ? '' : `: ${file} has changed elsewhere, too`}`,
  ];
}

function read(file: string): { readonly text: string; readonly args: OnedValue } {
  const text = readNamedFile(file, file, 'run it on the front-end, as root', 'problem');
  const args = kvmArguments(text);
  if (isFailure(args)) throw new GuardError(args.code, `${file}: ${args.what}`, byHand);
  return { text, args };
}

function withArguments(text: string, { start, end }: OnedValue, value: string): string {
  return `${text.slice(0, start)}"${value}"${text.slice(end)}`;
}
