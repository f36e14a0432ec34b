import { existsSync, readFileSync } from 'node:fs';
import type { Element } from '../core/element';
import { errorName } from '../core/error-name';
import { isFailure } from '../core/errors';
import type { Finding } from '../core/finding';
import { remedyOf } from '../core/remedy-of';
import { isUnknown, type Unknown } from '../core/unknown';
import { registeredHooks, shippedHooks, type KvmHost } from '../opennebula/model/host-pool';
import type { TmDriver } from '../opennebula/model/tm-script-calls';
import { guards, hasGuards, kvmArguments, withGuards } from '../opennebula/model/vm-mad';
import { message, textOf, type Message } from '../messages';
import { readRegularFile } from './io/tm-script-files';
import { findingOf } from './finding-of';
import { callers, judgeTmDrivers, judgeUnguardedVms, readTmDrivers } from './check-tm-scripts';

export const onedConf = '/etc/one/oned.conf';

/** What guards the VMs of this front-end: drivers, hooks or TM scripts. */
interface Selection {
  readonly drivers: Finding;
  readonly hooks: Finding;
  readonly scripts: readonly Finding[];
}

/**
 * Judges the drivers, the hooks and the TM scripts. `hooks` is the answer of `onehook list -x`, `vms` that of
 * `onevm list -x`, which is needed only where nothing but TM scripts guards (`isByTmScripts`).
 */
export function judgeSelection(root: string, hooks: Element | Unknown, vms?: Element | Unknown): Selection {
  const registered = isUnknown(hooks) ? hooks : registeredHooks(hooks);
  const scripts = readTmDrivers(root);
  const needsVms = vms !== undefined && !isUnknown(scripts) && !hasAllHooks(registered);
  return {
    drivers: judgeVmMad(root, registered, scripts),
    hooks: judgeHooks(registered),
    scripts: [...judgeTmDrivers(scripts), ...(needsVms ? judgeUnguardedVms(scripts, vms) : [])],
  };
}

/** Whether VM_MAD selects our drivers. */
export function isByDrivers({ drivers }: Selection): boolean {
  return drivers.state === 'ok' && drivers.note !== true;
}

/** Whether datastore drivers call our scripts, and VM_MAD does not select our drivers. */
export function isByTmScripts(root: string): boolean {
  const args = kvmArguments(readOned(root) ?? '');
  return (isFailure(args) || !hasGuards(args.value)) && callers(readTmDrivers(root)).length > 0;
}

function hasAllHooks(hooks: readonly string[] | Unknown): boolean {
  return !isUnknown(hooks) && hooks.length === shippedHooks.length;
}

/** Hosts of another VM_MAD that runs the same scripts: oned.conf ships one named "qemu". */
export function judgeOtherDrivers(hosts: readonly KvmHost[]): Finding[] {
  const others = hosts.filter(({ driver }) => driver !== 'kvm');
  return [...new Set(others.map(({ driver }) => driver))].flatMap((driver) => {
    const args = kvmArguments(readOned() ?? '', driver);
    if (isFailure(args) || hasGuards(args.value)) return [];
    const names = others.filter((host) => host.driver === driver).map(({ name }) => name);
    const values = { driver, file: onedConf, hosts: names.join(', '), args: withGuards(args.value) };
    return [findingOf('vm-mad', onedConf)('problem', message('other-vm-mad-without-drivers', values))];
  });
}

export function readOned(root = ''): string | undefined {
  try {
    return readFileSync(`${root}${onedConf}`, 'utf8');
  } catch {
    // judgeVmMad reports that it cannot be read.
    return undefined;
  }
}

/** A site that must not change VM_MAD has the hooks instead, or its datastore drivers call our scripts. */
function judgeVmMad(
  root: string,
  hooks: readonly string[] | Unknown,
  scripts: readonly TmDriver[] | Unknown,
): Finding {
  const found = findingOf('vm-mad', onedConf);
  let text: string;
  try {
    text = readFileSync(`${root}${onedConf}`, 'utf8');
  } catch (error) {
    const remedy = remedyOf(error, onedConf, { otherwise: textOf('run-on-front-end') });
    return found(
      'unknown',
      textOf('doctor-file-not-read', { path: onedConf, why: errorName(error) }),
      remedy,
    );
  }
  const args = kvmArguments(text);
  if (isFailure(args)) {
    return found('problem', message('vm-mad-not-usable', { file: onedConf, reason: args.what }));
  }
  const drivers = Object.values(guards).join(' and ');
  if (hasGuards(args.value)) return found('ok', message('vm-mad-selects', { drivers }));
  const backup = `${onedConf}.before-migrate-guard`;
  // install.sh has set it once: hooks and TM scripts were meant to run in addition to the drivers.
  if (existsSync(`${root}${backup}`)) {
    return found('problem', message('vm-mad-set-back', { file: onedConf, drivers, backup }));
  }
  const otherwise = guardedOtherwise(root, hooks, scripts);
  if (otherwise === undefined) {
    const values = { file: onedConf, drivers, args: withGuards(args.value) };
    return found('problem', message('vm-mad-without-drivers', values));
  }
  const what = message('vm-mad-not-needed', { file: onedConf, drivers, reason: otherwise });
  return { ...found('ok', what), note: true };
}

/** The guards of the VMs where VM_MAD does not select the drivers. */
function guardedOtherwise(
  root: string,
  hooks: readonly string[] | Unknown,
  scripts: readonly TmDriver[] | Unknown,
): Message | undefined {
  if (hasAllHooks(hooks)) return message('hooks-instead');
  if (isInStockPlace(root)) return message('stock-script-instead');
  const names = callers(scripts).map(({ name }) => `tm/${name}`);
  if (names.length === 0) return undefined;
  if (names.length === 1) return message('tm-driver-instead', { name: names.join() });
  return message('tm-drivers-instead', { names: names.join(', ') });
}

/** A site may have put `migrate-guard` in the place of the stock script (docs/opennebula.md). */
function isInStockPlace(root: string): boolean {
  try {
    const text = readRegularFile(`${root}/var/lib/one/remotes/vmm/kvm/migrate`);
    return text?.includes('migrate-guard/start.sh') ?? false;
  } catch {
    return false;
  }
}

function judgeHooks(hooks: readonly string[] | Unknown): Finding {
  const found = findingOf('hooks');
  if (isUnknown(hooks)) return found('unknown', message('hooks-not-listed', { why: hooks.unknown }));
  const missing = shippedHooks.filter((name) => !hooks.includes(name));
  if (missing.length === 0) return found('ok', message('hooks-registered'));
  // With the drivers they are not needed; one without the other is a mistake.
  if (missing.length === shippedHooks.length) return found('ok', message('hooks-not-registered'));
  return found('problem', message('one-hook-only', { hook: missing.join() }));
}
