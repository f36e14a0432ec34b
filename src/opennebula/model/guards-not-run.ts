import type { RecordEntry } from './record';
import { shellWord } from '../../core/shell-word';
import { message, textOf } from '../../messages';

/** The guards that could not run on one host lately. */
export interface GuardsNotRun {
  readonly host: string;
  readonly count: number;
  /** Times of the first and the last of them, in ISO 8601. */
  readonly since: string;
  readonly last: string;
  /** The reason of the last one. */
  readonly why: string;
  /** When a guard ran there after the last of them; `null` when none did. */
  readonly ranSince: string | null;
}

/** Days after which an entry is dropped: it is out of date, and its host may be gone. */
export const countedDays = 7;

/**
 * Groups by host, in no order. `notRun`: entries of all VMs; `others`: the last thing done for each VM, which shows
 * whether guards run there again.
 */
export function guardsNotRun(
  notRun: readonly RecordEntry[],
  others: readonly RecordEntry[],
  now: Date,
): GuardsNotRun[] {
  const oldest = now.getTime() - countedDays * 24 * 3600 * 1000;
  const counted = notRun.filter(({ guard, time }) => guard === 'could-not-run' && Date.parse(time) >= oldest);
  return [...new Set(counted.map(({ source }) => source))].map((host) => {
    const here = counted.filter(({ source }) => source === host);
    const times = here.map(({ time }) => time).sort(byTime);
    const last = times.at(-1) ?? '';
    const ran = others
      .filter(({ guard, source, time }) => guard === 'ran' && source === host && byTime(time, last) > 0)
      .map(({ time }) => time)
      .sort(byTime);
    const why = here.findLast(({ time }) => time === last)?.why ?? textOf('reason-not-recorded');
    return { host, count: here.length, since: times[0] ?? last, last, why, ranSince: ran.at(-1) ?? null };
  });
}

/** `kvm1: 3 guards could not run since …`. */
export function describeGuardsNotRun({ host, count, since, last, why, ranSince }: GuardsNotRun): {
  readonly what: string;
  readonly remedy: string;
} {
  const times = { since: minute(since), last: minute(last) };
  const guards =
    count === 1
      ? textOf('one-guard-not-run', { time: times.last })
      : textOf('several-guards-not-run', { count, ...times });
  const again =
    ranSince === null ? textOf('no-guard-since') : textOf('guard-since', { time: minute(ranSince) });
  return message('guards-not-run', { host, guards, why, again, word: shellWord(host) });
}

function minute(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function byTime(one: string, other: string): number {
  return Date.parse(one) - Date.parse(other);
}
