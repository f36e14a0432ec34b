import { isUnknown, type Unknown } from '../../core/facts';
import type { HostEnd, HostRequest } from '../../core/host-session';
import { HostHalf } from '../../system/host-half';

export interface HostAnswer {
  readonly end: HostEnd;
  /** What was done, in words. */
  readonly did: readonly string[];
}

/**
 * Has the root-only half on a host do what needs no mover; or tells why it cannot be reached, does not run, or has said
 * nothing for `deadline` milliseconds.
 */
export async function askHost(
  request: HostRequest,
  where: Parameters<typeof HostHalf.start>[1],
  deadline?: number,
): Promise<HostAnswer | Unknown> {
  const half = HostHalf.start(request, where);
  const late = deadline === undefined ? undefined : setTimeout(() => half.abandon(), deadline);
  const did: string[] = [];
  try {
    for (let runs = false; ;) {
      const line = await half.next();
      if (isUnknown(line)) return line;
      if (line.kind === 'hello') runs = true;
      if (line.kind === 'did') did.push(`${line.action}: ${line.what}`);
      if (line.kind === 'end') return runs ? { end: line, did } : { unknown: refusalOf(line) };
    }
  } finally {
    clearTimeout(late);
    half.end();
  }
}

/** A host half that does not even say hello: of another release, or not allowed to run. */
export function refusalOf({ what, remedy }: HostEnd): string {
  return remedy === undefined ? what : `${what} (${remedy})`;
}
