import { ignoreBrokenPipe } from '../cli/ignore-broken-pipe';
import { runLine } from '../cli/run';
import { verbs } from '../commands';
import { runHost } from '../commands/host';
import { keepHeapSmall } from '../os/small-heap';

keepHeapSmall();

// Exit 2 (undecided) if the event loop drains before `main` settles.
process.exitCode = 2;
// Not process.exit(), which would drop output that is still to be written to a pipe.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

/** @returns the exit status */
async function main(argv: readonly string[]): Promise<number> {
  // Its reader may end first (Ctrl-C ends a `tee`, too), and the standby of a migration must not.
  ignoreBrokenPipe(process.stderr);
  return runLine(argv, verbs, runHost);
}
