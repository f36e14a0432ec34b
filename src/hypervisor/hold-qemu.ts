import type { Domain } from './model/domain-xml';
import { GuardError } from '../core/errors';
import { isUnknown, reasonIn, unknownOf } from '../core/unknown';
import { message, textOf } from '../messages';
import { type NotHeld, QemuProcess } from './process';

export function holdQemu(domain: Domain): QemuProcess | NotHeld {
  if (domain.pid === undefined)
    return { ...unknownOf(message('no-process', { domain: domain.name })), hasEnded: false };
  return QemuProcess.open(domain.pid, domain);
}

/** What to do where a QEMU cannot be held. */
export function remedyOfNotHeld({ remedy }: NotHeld, { name }: Domain): string {
  return remedy ?? textOf('see-domstate', { domain: name });
}

/** @throws GuardError where the QEMU cannot be held: `undecided`, or `problem` where it cannot be trusted. */
export function mustHoldQemu(domain: Domain): QemuProcess {
  const held = holdQemu(domain);
  if (!isUnknown(held)) return held;
  throw errorOfNotHeld(held, domain);
}

export function errorOfNotHeld(held: NotHeld, domain: Domain): GuardError {
  const reason = { ...reasonIn(held), remedy: remedyOfNotHeld(held, domain) };
  return new GuardError(held.isForeign ? 'problem' : 'undecided', reason);
}

/** Whether the QEMU of the domain has surely ended. */
export function isGone(domain: Domain): boolean {
  const held = holdQemu(domain);
  if (isUnknown(held)) return held.hasEnded;
  held.close();
  return false;
}
