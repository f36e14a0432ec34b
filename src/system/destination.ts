import { GuardError } from '../core/errors';
import type { DestinationPath, Unknown } from '../core/facts';
import { run } from './command';
import { onHost } from './virsh-and-ssh';

/** What stands at the paths, asked with one command whose text never depends on them. */
const question = "LC_ALL=C xargs -0 -r stat -L --printf='%F\\t%n\\0' --";

/** @throws GuardError for what is no host name, and so could be taken for an option of ssh. */
export function validateHost(host: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) || /^[0-9A-Fa-f:]+$/.test(host)) return host;
  throw new GuardError('usage', `${JSON.stringify(host)} is no host name`, 'give a name such as kvm2');
}

/** Asks a host over ssh, as the user OpenNebula's drivers use, within `deadline` milliseconds. */
export async function askDestination(
  host: string,
  user: string,
  paths: readonly string[],
  deadline: number,
): Promise<readonly DestinationPath[] | Unknown> {
  // Half of the time for the way there, half for the answer.
  const argv = onHost({ host, user, connectTimeout: deadline / 2000 }, question);
  const unique = [...new Set(paths)];
  const answer = await run(argv, {
    deadline,
    input: unique.map((path) => `${path}\0`).join(''),
    cwd: '/',
  });
  // xargs says 123 when stat failed for some of the paths: these are missing in its answer.
  if (answer.exit !== 0 && answer.exit !== 123) {
    if (answer.timedOut) return { unknown: `no answer within ${deadline / 1000} s` };
    return {
      unknown: answer.stderr.trim().split('\n').at(-1) || `ssh ended with ${answer.exit ?? 'a signal'}`,
    };
  }
  const types = new Map(
    answer.stdout.split('\0').flatMap((line) => {
      const cut = line.indexOf('\t');
      return cut < 0 ? [] : [[line.slice(cut + 1), line.slice(0, cut)] as const];
    }),
  );
  return unique.map((path) => ({ path, type: types.get(path) }));
}
