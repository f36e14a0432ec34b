import type { DestinationSession } from '../system/destination-session';
import { forgiveClosedReader } from './closed-reader';
import { runLine } from './main';
import { hostVerb } from './verbs/host';
import { migrateOver, saveVerb } from './verbs/move';

/**
 * What moves a VM, here or for a front-end: the part of the whole program that a VM waits for. `called` is what
 * call-ahead.ts began. Gives the exit status; `undefined` when it is no well-formed line of one of these verbs.
 */
export function main(
  argv: readonly string[],
  called: DestinationSession | undefined,
): Promise<number | undefined> {
  // A reader that went away (a `tee` that Ctrl-C ended) must not end what stands by a migration.
  forgiveClosedReader(process.stdout);
  forgiveClosedReader(process.stderr);
  return runLine(argv, [migrateOver(called), saveVerb, hostVerb]);
}
