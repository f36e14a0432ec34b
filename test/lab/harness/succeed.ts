import { type CommandOptions, type CommandResult, runCommand } from '../../../src/os/run-command';

/** Runs a command that must succeed: otherwise it throws, with the command line and its output. */
export async function succeed(
  argv: readonly [string, ...string[]],
  options: Partial<CommandOptions> = {},
): Promise<CommandResult> {
  const result = await runCommand(argv, { deadline: 120_000, ...options });
  if (result.exit !== 0) throw new Error(describeFailure(result));
  return result;
}

export function describeFailure({ argv, exit, stdout, stderr, timedOut, missing }: CommandResult): string {
  const how = missing ? 'no such program' : timedOut ? 'ran out of time' : `exit status ${exit ?? 'none'}`;
  return `${argv.join(' ')}: ${how}\n${stderr.trim() || stdout.trim() || '(it printed nothing)'}`;
}
