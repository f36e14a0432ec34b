import type { Finding } from '../core/finding';
import { inOrder } from '../fleet/model/fleet';
import { describeGuardsNotRun, guardsNotRun } from '../opennebula/model/guards-not-run';
import { message, textOf } from '../messages';
import { isUnknown } from '../core/unknown';
import { allEntries, entriesNotRun, recordDirectory } from '../opennebula/record-file';

/** Each host on which a guard could not run lately, from the record that this front-end keeps. */
export function judgeRecord(now: Date): Finding[] {
  const check = 'guards';
  const directory = recordDirectory(process.env);
  const notRun = entriesNotRun(directory);
  if (isUnknown(notRun)) {
    const remedy = textOf('look-at-record', { path: directory });
    return [{ check, state: 'unknown', path: directory, what: notRun.unknown, remedy }];
  }
  const counted = notRun.length === 0 ? [] : guardsNotRun(notRun, allEntries(directory), now);
  if (counted.length === 0) return [{ check, state: 'ok', ...message('guards-ran') }];
  return counted
    .sort((one, other) => inOrder(one.host, other.host))
    .map((one) => {
      const { what, remedy } = describeGuardsNotRun(one);
      if (one.ranSince !== null) return { check, state: 'ok', note: true, path: directory, what };
      return { check, state: 'problem', path: directory, what, remedy };
    });
}
