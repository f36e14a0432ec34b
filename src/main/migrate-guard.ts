import { forgiveClosedReader } from '../cli/ignore-broken-pipe';
import { runLine } from '../cli/run';
import { verbs } from '../commands';
import { runHost } from '../commands/host';
import { keepHeapSmall } from '../os/small-heap';

keepHeapSmall();

// Undecided, should Node find nothing left to wait for.
process.exitCode = 2;
// Setting the status instead of exiting lets what was written to a pipe arrive.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

/** Gives the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  // A reader that went away (a `tee` that Ctrl-C ended) must not end what stands by a migration.
  forgiveClosedReader(process.stdout);
  forgiveClosedReader(process.stderr);
  return runLine(argv, verbs, runHost);
}
