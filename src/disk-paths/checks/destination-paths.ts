import type { Finding } from '../../core/finding';
import { isUnknown, reasonIn } from '../../core/unknown';
import type { PathOnHost } from '../../destination/model/path-on-host';
import type { DiskSource } from '../../hypervisor/model/domain-xml';
import { message, type Message } from '../../messages';
import type { DomainFacts } from '../model/facts';
import { nodeOf } from '../model/node-of';
import type { Check } from './check-type';

/** With `--destination`: does each path lead to the same disk on the destination, as far as both hosts know it? */
export const destinationPaths: Check = {
  name: 'destination',
  inspect: (facts) => {
    const { destination: asked, domain } = facts;
    if (!asked) return [];
    const { host, paths } = asked;
    if (isUnknown(paths)) {
      const why = reasonIn(paths);
      return [{ check: 'destination', state: 'unknown', ...message('destination-not-asked', { host, why }) }];
    }
    return paths.map((there): Finding => {
      const { path, type } = there;
      const source = domain.sources.find((candidate) => candidate.path === path);
      const base = { check: 'destination', path, ...(source ? { disk: source.disk } : {}) };
      if (type === undefined && source?.dispensable)
        return { ...base, state: 'ok', note: true, ...message('destination-left-out', { host }) };
      const wrong = noDisk(there, asked) ?? (source && anotherDisk(there, source, facts, asked));
      if (wrong) return { ...base, state: 'problem', ...wrong };
      return { ...base, state: 'ok', ...message('destination-leads-to-disk', { type: type ?? '', host }) };
    });
  },
};

type Asked = NonNullable<DomainFacts['destination']>;

function noDisk({ path, type }: PathOnHost, { host, waited }: Asked): Message | undefined {
  if (type !== undefined) {
    return kindOf(type) ? undefined : message('destination-other-kind', { path, host, type });
  }
  return waited > 0
    ? message('destination-still-without-disk', { path, host, seconds: waited })
    : message('destination-without-disk', { path, host });
}

function anotherDisk(
  there: PathOnHost,
  source: DiskSource,
  { nodes = [] }: DomainFacts,
  { host, here: all }: Asked,
): Message | undefined {
  const { path } = source;
  const here = all.find((candidate) => candidate.path === path);
  const wanted = wantedKind(source, here);
  if (wanted !== undefined && kindOf(there.type) !== wanted) {
    const id = wanted === 'block' ? 'destination-file-for-device' : 'destination-device-for-file';
    return message(id, { path, host });
  }
  // libvirt gives a file of another size to QEMU as it is: its size belongs to its format.
  const needed = (isUnknown(nodes) ? undefined : nodeOf(source, nodes)?.size) ?? here?.size;
  if (there.size !== undefined && needed !== undefined && there.size < needed)
    return message('destination-too-small', { path, host, size: there.size, needed });
  const [one, other] = [here?.identity, there.identity];
  if (one && other && one.kind === other.kind && one.value !== other.value)
    return message('destination-other-volume', { path, host, here: one.value, there: other.value });
  return undefined;
}

type Kind = DiskSource['type'];

const kinds: Readonly<Record<string, Kind>> = {
  'block special file': 'block',
  'regular file': 'file',
  'regular empty file': 'file',
};

function kindOf(type: string | undefined): Kind | undefined {
  return type === undefined ? undefined : kinds[type];
}

/**
 * QEMU's driver for a device opens no file, and its driver for files no device (block/file-posix.c, raw_open_common). A QEMU
 * before 6.0 opens a device with the latter, too, and then the path leads to a device on this host as well: unknown where
 * this host could not be asked.
 */
function wantedKind({ type }: DiskSource, here: PathOnHost | undefined): Kind | undefined {
  return type === 'block' ? 'block' : kindOf(here?.type);
}
