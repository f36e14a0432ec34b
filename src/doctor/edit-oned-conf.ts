import { existsSync, lstatSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GuardError, isFailure, type Failure } from '../core/errors';
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
import { message, textOf } from '../messages';
import { keepCopy, refuseShared, replaceText } from '../os/edited-file';
import { readNamedFile } from '../os/read-named-file';

/** What install.sh does to oned.conf. Each gives the lines to print. @throws GuardError */

/** `migrate=frontend:migrate-tweaks`: one line per action for which VM_MAD names another script. */
export function movers(file: string): string[] {
  const found = earlierMovers(read(file).args.value);
  if (isFailure(found)) throw notUsable(file, found);
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

/** Refuses, before anything is installed, what `set` would refuse. */
export function maySet(file: string, backup: string): string[] {
  for (const path of [backup, file]) refuseShared(join(realpathSync(dirname(path)), basename(path)));
  const there = lstatSync(backup, { throwIfNoEntry: false });
  if (!there || there.isFile()) return [];
  throw new GuardError('problem', message('backup-not-regular', { path: backup }));
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

/** Runs before the drivers are removed: no VM_MAD may select a driver that does not exist. */
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
  // The backup may name a guard itself: one of the two was set by hand before install.sh set both.
  const value = isOurs ? withoutGuards(kept.value, opennebula) : args.value;
  const before = withArguments(text, args, value);
  const left = guardedDrivers(before);
  if (left.length > 0) {
    const orders = left.map(({ name: driver, args: its }) =>
      textOf('set-vm-mad-arguments', { driver, args: withoutGuards(its, opennebula) }),
    );
    throw new GuardError('problem', message('vm-mad-set-by-hand', { file, orders: orders.join(', ') }));
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
  const text = readNamedFile(file, file, textOf('run-on-front-end-as-root'), 'problem');
  const args = kvmArguments(text);
  if (isFailure(args)) throw notUsable(file, args);
  return { text, args };
}

function notUsable(file: string, { code, what }: Failure): GuardError {
  return new GuardError(code, message('oned-conf-not-usable', { file, reason: what }));
}

function withArguments(text: string, { start, end }: OnedValue, value: string): string {
  return `${text.slice(0, start)}"${value}"${text.slice(end)}`;
}
