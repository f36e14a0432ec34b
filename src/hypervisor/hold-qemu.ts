import type { Domain } from './model/domain-xml';
import { GuardError } from '../core/errors';
import { isUnknown } from '../core/unknown';
import { foreignRemedy, type NotHeld, QemuProcess } from './process';

export function holdQemu(domain: Domain): QemuProcess | NotHeld {
  if (domain.pid === undefined)
    return { unknown: `libvirt tells no process of ${domain.name}`, hasEnded: false };
  return QemuProcess.open(domain.pid, domain);
}

/** What to do where a QEMU cannot be held. */
export function remedyOf({ isForeign }: NotHeld, { name }: Domain): string {
  return isForeign ? foreignRemedy : `see virsh domstate ${name}`;
}

/** @throws GuardError of a QEMU that cannot be held: undecided, or refused where it cannot be trusted. */
export function mustHoldQemu(domain: Domain): QemuProcess {
  const held = holdQemu(domain);
  if (!isUnknown(held)) return held;
  throw errorOfNotHeld(held, domain);
}

export function errorOfNotHeld(held: NotHeld, domain: Domain): GuardError {
  return new GuardError(held.isForeign ? 'problem' : 'undecided', held.unknown, remedyOf(held, domain));
}

/** The QEMU of the domain has surely ended. */
export function isGone(domain: Domain): boolean {
  const held = holdQemu(domain);
  if (isUnknown(held)) return held.hasEnded;
  held.close();
  return false;
}
