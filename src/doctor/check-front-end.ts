import { existsSync, readFileSync } from 'node:fs';
import type { Element } from '../core/element';
import { errorName, isFailure } from '../core/errors';
import type { Finding } from '../core/finding';
import { remedyOf } from '../core/remedy-of';
import { isUnknown, type Unknown } from '../core/unknown';
import { registeredHooks, shippedHooks, type KvmHost } from '../opennebula/model/host-pool';
import type { TmDriver } from '../opennebula/model/tm-script-calls';
import { guards, hasGuards, kvmArguments, withGuards } from '../opennebula/model/vm-mad';
import { readPlainFile } from './io/tm-script-files';
import { callers, judgeTmDrivers, judgeUnguardedVms, readTmDrivers } from './check-tm-scripts';

export const onedConf = '/etc/one/oned.conf';

/** Which of the three ways to have VMs guarded this front-end has gone. */
export interface Selection {
  readonly drivers: Finding;
  readonly hooks: Finding;
  readonly scripts: readonly Finding[];
}

/**
 * Of the drivers, the hooks and the TM scripts. `hooks` is the answer of `onehook list -x`, `vms` that of `onevm list -x`,
 * which is of use only where the TM scripts are all there is (`isByTmScripts`).
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
    const what = `VM_MAD "${driver}" in ${onedConf} does not select our drivers, and moves the VMs of ${names.join(', ')}`;
    const remedy = `set its ARGUMENTS = "${withGuards(args.value)}", and restart opennebula`;
    return [{ check: 'vm-mad', state: 'problem', path: onedConf, what, remedy }];
  });
}

export function readOned(root = ''): string | undefined {
  try {
    return readFileSync(`${root}${onedConf}`, 'utf8');
  } catch {
    // That it cannot be read is a finding already.
    return undefined;
  }
}

/** A site that cannot touch VM_MAD has the hooks instead, or its datastore drivers call our scripts. */
function judgeVmMad(
  root: string,
  hooks: readonly string[] | Unknown,
  scripts: readonly TmDriver[] | Unknown,
): Finding {
  const check = 'vm-mad';
  let text: string;
  try {
    text = readFileSync(`${root}${onedConf}`, 'utf8');
  } catch (error) {
    const what = `${onedConf} cannot be read: ${errorName(error)}`;
    const remedy = remedyOf(error, onedConf, { otherwise: 'run on the front-end' });
    return { check, state: 'unknown', path: onedConf, what, remedy };
  }
  const args = kvmArguments(text);
  if (isFailure(args)) {
    const what = `${onedConf}: ${args.what}`;
    return { check, state: 'problem', path: onedConf, what, remedy: 'see docs/opennebula.md' };
  }
  const drivers = Object.values(guards).join(' and ');
  if (hasGuards(args.value)) {
    return { check, state: 'ok', path: onedConf, what: `VM_MAD selects ${drivers}` };
  }
  // As install.sh has set it: then no other way is instead of it, but beside it.
  const backup = `${onedConf}.before-migrate-guard`;
  const wasSet = existsSync(`${root}${backup}`);
  const what = `VM_MAD in ${onedConf} does not select ${drivers}${wasSet ? ', as install.sh had set it' : ''}`;
  const instead = (other: string): Finding => {
    return { check, state: 'ok', note: true, path: onedConf, what: `${what}; ${other} instead` };
  };
  const called = callers(scripts).map(({ name }) => `tm/${name}`);
  if (wasSet) {
    const remedy = `install.sh frontend --set-vm-mad, then restart opennebula; where that is not wanted any more, remove ${backup}`;
    return { check, state: 'problem', path: onedConf, what, remedy };
  }
  if (hasAllHooks(hooks)) return instead('the hooks are registered');
  if (isInStockPlace(root)) return instead('its copy stands in the place of vmm/kvm/migrate');
  if (called.length > 0) return instead(`${called.join(', ')} ${called.length > 1 ? 'call' : 'calls'} it`);
  const set = `install.sh frontend --set-vm-mad, or set ARGUMENTS = "${withGuards(args.value)}"; then restart opennebula`;
  const remedy = `${set}; or see docs/opennebula.md for hooks and TM scripts, which an upgrade of OpenNebula takes out of tm/`;
  return { check, state: 'problem', path: onedConf, what, remedy };
}

/** A site may have put `migrate-guard` in the place of the stock script (docs/opennebula.md). */
function isInStockPlace(root: string): boolean {
  try {
    const text = readPlainFile(`${root}/var/lib/one/remotes/vmm/kvm/migrate`);
    return text?.includes('migrate-guard/start.sh') ?? false;
  } catch {
    return false;
  }
}

function judgeHooks(hooks: readonly string[] | Unknown): Finding {
  const check = 'hooks';
  if (isUnknown(hooks)) {
    const what = `onehook list cannot be asked: ${hooks.unknown}`;
    return { check, state: 'unknown', what, remedy: 'run onehook list as oneadmin' };
  }
  const missing = shippedHooks.filter((name) => !hooks.includes(name));
  if (missing.length === 0) return { check, state: 'ok', what: 'both hooks are registered' };
  // With the drivers they are not needed; one without the other is a mistake.
  if (missing.length === shippedHooks.length) return { check, state: 'ok', what: 'no hook is registered' };
  const what = `the hook ${missing.join()} is not registered, and the other one is`;
  const remedy = `onehook create /usr/lib/migrate-guard/hooks/${missing.join()}.tmpl`;
  return { check, state: 'problem', what, remedy };
}
