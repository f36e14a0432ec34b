import { child, type Element } from '../../core/element';
import { exitCodes } from '../../core/exit-codes';
import { cut } from '../../core/one-line';
import { textOf } from '../../messages';

const modes = ['off', 'warn'] as const;
/** Characters of a word that is none: whoever owns the VM may write as much as he likes. */
const quotedChars = 40;

/** How the owner of a VM wants it guarded: MIGRATE_GUARD_MODE of its USER_TEMPLATE. */
export interface GuardMode {
  /** `guard`: as everybody else. */
  readonly mode: 'guard' | (typeof modes)[number];
  /** A word that is none of them: it counts as none, and is told. */
  readonly odd?: string;
}

const overrulable = ['problem', 'undecided', 'failed'] as const;

export const usual: GuardMode = { mode: 'guard' };

/** `vm`: `<VM>` as oned writes it (VirtualMachine.cc, to_xml_extended). */
export function guardModeOf(vm: Element | undefined): GuardMode {
  const given = child(child(vm, 'USER_TEMPLATE'), 'MIGRATE_GUARD_MODE')?.text.trim() ?? '';
  const mode = modes.find((word) => word === given.toLowerCase());
  if (mode) return { mode };
  return given === '' ? usual : { mode: 'guard', odd: cut(given, quotedChars) };
}

/**
 * Whether a refusal with this exit status is one that `warn` has the mover run after all: not who else works on the VM,
 * nor a VM that needs an operator first, which the next attempt may kill.
 */
export function mayOverrule(exit: number): boolean {
  return overrulable.some((code) => exitCodes[code].status === exit);
}

export function describeOddMode(odd: string): string {
  return textOf('odd-mode', { mode: JSON.stringify(odd) });
}

/** Whether it tells what was done last: then that has to be told anew, or would be wrong. */
export function hasLastAttribute(vm: Element | undefined): boolean {
  return child(child(vm, 'USER_TEMPLATE'), 'MIGRATE_GUARD_LAST') !== undefined;
}
