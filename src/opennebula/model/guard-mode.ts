import { child, type Element } from '../../core/element';
import { exitCodes } from '../../core/exit-codes';
import { cut } from '../../core/one-line';
import { textOf } from '../../messages';

/** The valid values of MIGRATE_GUARD_MODE. */
export const guardModes = ['off', 'warn'] as const;
/** Characters kept of an invalid value: the owner of the VM may write a text of any length. */
const quotedChars = 40;

/** How the owner of a VM wants it guarded: MIGRATE_GUARD_MODE of its USER_TEMPLATE. */
export interface GuardMode {
  /** `guard`: as every VM without the attribute. */
  readonly mode: 'guard' | (typeof guardModes)[number];
  /** An invalid value, to be reported; the VM is guarded as without the attribute. */
  readonly invalid?: string;
}

const overrulable = ['problem', 'undecided', 'failed'] as const;

/** Of a VM without the attribute. */
export const defaultMode: GuardMode = { mode: 'guard' };

/** `vm`: `<VM>` as oned writes it (VirtualMachine.cc, to_xml_extended). */
export function guardModeOf(vm: Element | undefined): GuardMode {
  const given = child(child(vm, 'USER_TEMPLATE'), 'MIGRATE_GUARD_MODE')?.text.trim() ?? '';
  const mode = guardModes.find((word) => word === given.toLowerCase());
  if (mode) return { mode };
  return given === '' ? defaultMode : { mode: 'guard', invalid: cut(given, quotedChars) };
}

/**
 * Whether the mode `warn` runs the mover after a refusal with this exit status. It does not for a VM that is locked,
 * nor for a VM that needs an operator first: the next attempt may kill it.
 */
export function mayOverrule(exit: number): boolean {
  return overrulable.some((code) => exitCodes[code].status === exit);
}

export function describeInvalidMode(invalid: string): string {
  return textOf('odd-mode', { mode: JSON.stringify(invalid) });
}

/** Whether the template already holds the last thing done: then it has to be written again, or would be wrong. */
export function hasLastAttribute(vm: Element | undefined): boolean {
  return child(child(vm, 'USER_TEMPLATE'), 'MIGRATE_GUARD_LAST') !== undefined;
}
