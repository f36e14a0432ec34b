import { readFileSync } from 'node:fs';
import { errorName } from '../../core/errors';
import { isUnknown, type Unknown } from '../../core/facts';
import type { Finding } from '../../core/finding';
import { registeredHooks, shippedHooks, type KvmHost } from '../../opennebula/pools';
import { guards, hasGuards, kvmArguments, withGuards } from '../../opennebula/vm-mad';

const onedConf = '/etc/one/oned.conf';

/** Of the drivers and of the hooks; `hooks` is the answer of `onehook list -x`. */
export function judgeSelection(root: string, hooks: string | Unknown): [Finding, Finding] {
  const registered = typeof hooks === 'string' ? hooksIn(hooks) : hooks;
  return [judgeVmMad(root, registered), judgeHooks(registered)];
}

function hooksIn(xml: string): string[] | Unknown {
  try {
    return registeredHooks(xml);
  } catch (error) {
    return { unknown: `its answer is no XML: ${errorName(error)}` };
  }
}

/** Hosts of another VM_MAD that runs the same scripts: oned.conf ships one named "qemu". */
export function judgeOtherDrivers(hosts: readonly KvmHost[]): Finding[] {
  const others = hosts.filter(({ driver }) => driver !== 'kvm');
  return [...new Set(others.map(({ driver }) => driver))].flatMap((driver) => {
    const args = kvmArguments(readOned() ?? '', driver);
    if ('refused' in args || hasGuards(args.value)) return [];
    const names = others.filter((host) => host.driver === driver).map(({ name }) => name);
    const what = `VM_MAD "${driver}" in ${onedConf} does not select our drivers, and moves the VMs of ${names.join(', ')}`;
    const remedy = `set its ARGUMENTS = "${withGuards(args.value)}", and restart opennebula`;
    return [{ check: 'vm-mad', state: 'problem', path: onedConf, what, remedy }];
  });
}

function readOned(): string | undefined {
  try {
    return readFileSync(onedConf, 'utf8');
  } catch {
    // That it cannot be read is a finding already.
    return undefined;
  }
}

/** A site that cannot touch VM_MAD has the hooks instead. */
function judgeVmMad(root: string, hooks: readonly string[] | Unknown): Finding {
  const check = 'vm-mad';
  let text: string;
  try {
    text = readFileSync(`${root}${onedConf}`, 'utf8');
  } catch (error) {
    const what = `${onedConf} cannot be read: ${errorName(error)}`;
    return { check, state: 'unknown', path: onedConf, what, remedy: 'run as root on the front-end' };
  }
  const args = kvmArguments(text);
  if ('refused' in args) {
    const what = `${onedConf}: ${args.refused}`;
    return { check, state: 'problem', path: onedConf, what, remedy: 'see docs/opennebula.md' };
  }
  const drivers = Object.values(guards).join(' and ');
  if (hasGuards(args.value)) {
    return { check, state: 'ok', path: onedConf, what: `VM_MAD selects ${drivers}` };
  }
  const what = `VM_MAD in ${onedConf} does not select ${drivers}`;
  if (!isUnknown(hooks) && hooks.length === shippedHooks.length) {
    return {
      check,
      state: 'ok',
      note: true,
      path: onedConf,
      what: `${what}; the hooks are registered instead`,
    };
  }
  const remedy = `install.sh frontend --set-vm-mad, or set ARGUMENTS = "${withGuards(args.value)}"; then restart opennebula`;
  return { check, state: 'problem', path: onedConf, what, remedy };
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
