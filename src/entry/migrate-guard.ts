import { runLine } from '../cli/main';
import { plainCheckForm } from '../cli/verbs/plain-check';

// Undecided, should Node find nothing left to wait for.
process.exitCode = 2;
// Setting the status instead of exiting lets what was written to a pipe arrive.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

/**
 * A plain `check` is what runs before every migration and on every host, so nothing else is loaded for it: all
 * else, and the answers to a mistake, are a whole program that is packed away inside this one (setup/build/pack.mjs).
 */
async function main(argv: readonly string[]): Promise<number> {
  const done = await runLine(argv, [plainCheckForm]);
  if (done !== undefined) return done;
  const { main: wholeProgram } = await import('../cli/whole-program.js');
  return wholeProgram(argv);
}
