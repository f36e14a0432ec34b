import type { Unknown } from '../core/facts';
import { encodeLine, readHostLine, type HostEnd } from '../core/host-session';
import { run, type CommandResult } from './command';
import { onHost, type SshTarget } from './virsh-and-ssh';

/** ssh's own status when it did not even get there. */
const notReached = 255;

export type StateAnswer =
  /** It runs, and tells. */
  | { readonly kind: 'state'; readonly end: HostEnd }
  /** It is there, and does not do it: another release. */
  | { readonly kind: 'refused'; readonly end: HostEnd }
  /** The host answers, and the root-only half does not run. */
  | { readonly kind: 'broken'; readonly why: string };

/** Asks the root-only half on a host how things stand there, within `deadline` milliseconds. */
export async function askState(
  target: SshTarget,
  version: string,
  deadline: number,
): Promise<StateAnswer | Unknown> {
  const asked = onHost(target, 'exec sudo -n /usr/lib/migrate-guard/migrate-guard host');
  const answer = await run(asked, { deadline, input: encodeLine({ version, action: 'state' }), cwd: '/' });
  const lines = answer.stdout.split('\n').map(readHostLine);
  const end = lines.find((line) => line?.kind === 'end');
  const hello = lines.some((line) => line?.kind === 'hello');
  if (end) return { kind: hello ? 'state' : 'refused', end };
  const why = complaint(answer, deadline);
  const isUnreached = answer.exit === notReached || answer.exit === null || why.startsWith('runuser:');
  return isUnreached ? { unknown: why } : { kind: 'broken', why };
}

/** The checksums of files below a directory of that host, by their names there; asked as OpenNebula's user. */
export async function askSums(
  target: SshTarget,
  directory: string,
  names: readonly string[],
  deadline: number,
): Promise<ReadonlyMap<string, string> | Unknown> {
  const asked = onHost(target, 'LC_ALL=C xargs -0 -r sha256sum -z --');
  const paths = names.map((name) => `${directory}/${name}`);
  const answer = await run(asked, { deadline, input: paths.map((path) => `${path}\0`).join(''), cwd: '/' });
  // xargs says 123 when some of them are missing.
  if (answer.exit !== 0 && answer.exit !== 123) return { unknown: complaint(answer, deadline) };
  const sums = answer.stdout
    .split('\0')
    .map((line) => [line.slice(66 + directory.length + 1), line.slice(0, 64)] as const);
  return new Map(sums);
}

function complaint({ timedOut, stderr, exit }: CommandResult, deadline: number): string {
  if (timedOut) return `no answer within ${deadline / 1000} s`;
  const lines = stderr.trim().split('\n');
  // A banner of ssh, or our own remedy, may stand around what matters.
  return (
    lines.find((line) => /^(migrate-guard|sudo):/.test(line)) ??
    (lines.at(-1) || `ssh ended with ${exit ?? 'a signal'}`)
  );
}
