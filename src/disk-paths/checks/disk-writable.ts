import type { Finding } from '../../core/finding';
import { unknownFinding } from '../../core/unknown';
import { identity } from '../../file-tree/model/entry';
import { diskAt } from '../../file-tree/model/walk';
import { message } from '../../messages';
import type { DomainFacts, SourceFacts } from '../model/facts';
import { isHeldForWriting } from '../model/reopened';
import { about, type Check } from './check-type';

/**
 * Can QEMU take a disk back for writing after a failed migration? On Linux a device that became read-only can be opened for
 * writing all the same, and QEMU looks for itself: "The device is not writable" (block/file-posix.c, check_hdev_writable,
 * which raw_reconfigure_getfd calls). So no opening shows it, whoever opens; only the kernel's own word does.
 */
export const diskWritable: Check = {
  name: 'disk-writable',
  inspect: (facts) => facts.sources.flatMap((source) => inspectSource(source, facts) ?? []),
};

function inspectSource(source: SourceFacts, facts: DomainFacts): Finding | undefined {
  const { readOnlyDevice, source: disk } = source;
  const device = diskAt(source.host);
  if (disk.readonly || !device) return undefined;
  const base = about('disk-writable', source);
  const held = isHeldForWriting(source, facts);
  // The VM was started with it as it is, and QEMU does not need more to take it back.
  if (held === false) return { ...base, state: 'ok', note: true, ...message('held-read-only') };
  if (readOnlyDevice === undefined || readOnlyDevice === false) return undefined;
  if (readOnlyDevice !== true) return { ...base, ...unknownFinding(readOnlyDevice) };
  return {
    ...base,
    state: 'problem',
    ...message('device-read-only', { device: identity(device), path: disk.path }),
  };
}
