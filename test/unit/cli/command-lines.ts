import { parse } from '../../../src/cli/parse-args';
import type { CommandLine } from '../../../src/cli/command';
import { verbs } from '../../../src/commands';
import { GuardError } from '../../../src/core/errors';

export async function lineOf(argv: readonly string[]): Promise<{ verb: string; line: CommandLine }> {
  const parsed = await parse(argv, verbs);
  if ('answer' in parsed) throw new Error(`answered: ${parsed.answer}`);
  return { verb: parsed.verb.name, line: parsed.line };
}

export async function answerTo(...argv: readonly string[]): Promise<string> {
  const parsed = await parse(argv, verbs);
  return 'answer' in parsed ? parsed.answer : `runs ${parsed.verb.name}`;
}

export async function mistakeIn(argv: readonly string[]): Promise<string> {
  const error = await parse(argv, verbs).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GuardError)) throw new Error(`no mistake was found: ${String(error)}`);
  expect(error.code).toBe('usage');
  expect(error.remedy).toMatch(/^see migrate-guard ([a-z]+ )?--help$/);
  return error.what;
}
