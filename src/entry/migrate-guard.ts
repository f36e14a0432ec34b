import { runLine } from '../cli/main';
import { checkVerb } from '../cli/verbs/check';

// Setting the status instead of exiting lets what was written to a pipe arrive.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

/**
 * `check` is what runs before every migration and on every host, so nothing else is loaded for it: all other
 * verbs, and the answers to a mistake, are a whole program that is packed away inside this one (setup/build.mjs).
 */
async function main(argv: readonly string[]): Promise<number> {
  const done = await runLine(argv, [checkVerb]);
  if (done !== undefined) return done;
  const { main: wholeProgram } = await import('../cli/whole-program.js');
  return wholeProgram(argv);
}
