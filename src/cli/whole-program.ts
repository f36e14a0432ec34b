import { forgiveClosedReader } from './closed-reader';
import { runLine } from './main';
import { answerUsage } from './usage';
import { verbs } from './verbs';

/** Every verb, and an answer to everything that is none. Gives the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  // A reader that went away (a `tee` that Ctrl-C ended) must not end what stands by a migration.
  forgiveClosedReader(process.stdout);
  forgiveClosedReader(process.stderr);
  return (await runLine(argv, verbs)) ?? answerUsage(argv);
}
