import { runLine } from '../cli/main';
import { plainCheckForm } from '../cli/verbs/plain-check';

// Undecided, should Node find nothing left to wait for.
process.exitCode = 2;
// Setting the status instead of exiting lets what was written to a pipe arrive.
void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});

/** Verbs of moving-program.ts; a `migrate` begins with its connection. */
const moving = ['migrate', 'save', 'host'];

/**
 * A plain `check` is what runs before every migration and on every host, so nothing else is loaded for it. What moves
 * VMs, and all else with the answers to a mistake, are programs that are packed away inside this one
 * (setup/build/pack.mjs).
 */
async function main(argv: readonly string[]): Promise<number> {
  const done = (await runLine(argv, [plainCheckForm])) ?? (await move(argv));
  if (done !== undefined) return done;
  const { main: wholeProgram } = await import('../cli/whole-program.js');
  return wholeProgram(argv);
}

async function move(argv: readonly string[]): Promise<number | undefined> {
  if (!moving.includes(argv[0] ?? '')) return undefined;
  const { callAhead } = await import('../cli/call-ahead.js');
  const called = await callAhead(argv);
  try {
    const { main: movingProgram } = await import('../cli/moving-program.js');
    return await movingProgram(argv, called);
  } finally {
    called?.end();
  }
}
