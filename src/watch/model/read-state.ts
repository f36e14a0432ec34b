import { affectedAnswers } from '../../core/finding';
import { oneOf, readBlockState, readObject, readVerdict, stringsIn } from '../../core/report-json';
import type { WatchState, WrittenVm } from './state';

/** What a watcher of this version writes; `undefined` for anything else, such as what another version wrote. */
export function readWatchState(value: unknown): WatchState | undefined {
  const given = readObject(value);
  const [counted, all] = ['directories', 'domains'].map((key) => readObject(given?.get(key)));
  const numbers = valuesIn(given, 'number', ['pid', 'startTime', 'time', 'repaired']);
  const flags = valuesIn(given, 'boolean', ['mounts', 'libvirt', 'logs']);
  const texts = valuesIn(given, 'string', ['version']);
  const counts = valuesIn(counted, 'number', ['events', 'polled', 'rounds']);
  const full = valuesIn(counted, 'boolean', ['full']);
  if (!numbers || !flags || !texts || !counts || !full || !all) return undefined;
  const domains = [...all].map(([name, vm]) => [name, readVm(vm)] as const);
  if (!domains.every((one): one is [string, WrittenVm] => one[1] !== undefined)) return undefined;
  return {
    ...numbers,
    ...flags,
    ...texts,
    directories: { ...counts, ...full },
    domains: Object.fromEntries(domains),
  };
}

function readVm(value: unknown): WrittenVm | undefined {
  const given = readObject(value);
  const pid = given?.get('pid') === null ? { pid: null } : valuesIn(given, 'number', ['pid']);
  const verdict = readVerdict(given?.get('verdict'));
  const blockState = readBlockState(given?.get('blockState'));
  const texts = valuesIn(given, 'string', ['reason', 'short']);
  const flags = valuesIn(given, 'boolean', ['hasNotes', 'pending']);
  const times = valuesIn(given, 'number', ['time']);
  if (!given || !pid || !verdict || !blockState || !texts || !flags || !times) return undefined;
  const affected = oneOf(affectedAnswers, given.get('affected'));
  const others = { ...stringsIn(given, ['uuid', 'build']), ...(affected ? { affected } : {}) };
  return { ...pid, verdict, blockState, ...texts, ...flags, ...times, ...others };
}

interface Kinds {
  readonly number: number;
  readonly boolean: boolean;
  readonly string: string;
}

/** The values of these keys, if all are there and of this kind. */
function valuesIn<Kind extends keyof Kinds, K extends string>(
  given: ReadonlyMap<string, unknown> | undefined,
  kind: Kind,
  keys: readonly K[],
): Record<K, Kinds[Kind]> | undefined {
  if (!given || keys.some((key) => typeof given.get(key) !== kind)) return undefined;
  return Object.fromEntries(keys.map((key) => [key, given.get(key)])) as Record<K, Kinds[Kind]>;
}
