import type { Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { runCommand } from '../os/run-command';
import { onHost, type SshTarget } from '../os/ssh';

/** SHA-256 by name; a file that does not exist is missing. */
export type Sums = ReadonlyMap<string, string>;

/** The checksums of files in a directory of that host, by their names there; read as OpenNebula's user. */
export async function askSums(
  target: SshTarget,
  directory: string,
  names: readonly string[],
  deadline: number,
): Promise<Sums | Unknown> {
  const asked = onHost(target, 'LC_ALL=C xargs -0 -r sha256sum -z --');
  const paths = names.map((name) => `${directory}/${name}`);
  const input = paths.map((path) => `${path}\0`).join('');
  const { exit, stdout, stderr, timedOut } = await runCommand(asked, { deadline, input, cwd: '/' });
  if (timedOut) return { unknown: textOf('no-answer-within', { seconds: deadline / 1000 }) };
  // xargs exits with 123 when some of the files are missing.
  if (exit !== 0 && exit !== 123)
    return {
      unknown: stderr.trim().split('\n').at(-1) || textOf('ended-by', { status: exit ?? 'a signal' }),
    };
  const sums = stdout
    .split('\0')
    .map((line) => [line.slice(66 + directory.length + 1), line.slice(0, 64)] as const);
  return new Map(sums);
}
