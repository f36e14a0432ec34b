import { cut, oneLine } from '../../core/one-line';
import { oneOf, readObject, stringOf } from '../../core/report-json';
import { message } from '../../messages';
import { guardModes } from './guard-mode';

/** A program of ours that OpenNebula started for a VM: a VMM driver, a TM script, a hook. */
const recordedActions = [
  'migrate',
  'save',
  'premigrate',
  'failmigrate',
  'precheck',
  'pre-migrate',
  'post-failure',
] as const;
export type RecordedAction = (typeof recordedActions)[number];

const guardWords = ['ran', 'could-not-run', 'off'] as const;
const results = ['done', 'refused', 'failed'] as const;

/** One thing that was done for a VM, as the front-end keeps it. */
export interface RecordEntry {
  readonly vmId: number;
  /** OpenNebula's deploy id: the domain's name or UUID. */
  readonly domain: string;
  readonly action: RecordedAction;
  /** When it ended, in ISO 8601, UTC. */
  readonly time: string;
  /** The host whose agent was asked, or would have been. */
  readonly source: string;
  /** The destination of a live migration. */
  readonly destination: string | null;
  /** `off`: because of the VM's MIGRATE_GUARD_MODE. */
  readonly guard: (typeof guardWords)[number];
  /** Why the guard could not run. */
  readonly why: string | null;
  readonly mode: (typeof guardModes)[number] | null;
  /** `refused`: nothing was moved; `null`: the writer of the entry did not see the end. */
  readonly result: (typeof results)[number] | null;
  readonly exit: number | null;
  readonly did: readonly string[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  /** The mover's output, which OpenNebula drops after a success. */
  readonly mover: readonly string[];
}

/** Characters kept of one text, and members kept of one list: what hosts and movers write has no maximum length. */
const [longestText, longestList] = [500, 50];

/** Cuts the texts and lists of an entry to these limits. */
export function bounded(entry: RecordEntry): RecordEntry {
  const { did, warnings, errors, mover, why, domain, source, destination } = entry;
  return {
    ...entry,
    ...{ domain: text(domain), source: text(source) },
    ...{ destination: destination === null ? null : text(destination), why: why === null ? null : text(why) },
    ...{ did: list(did), warnings: list(warnings), errors: list(errors), mover: list(mover) },
  };
}

function text(given: string): string {
  return cut(oneLine(given), longestText);
}

function list(given: readonly string[]): string[] {
  const kept = given.slice(0, longestList).map(text);
  return kept.length < given.length ? [...kept, `… (${given.length} lines)`] : kept;
}

/** Whether the entry says more than that a healthy VM was moved. */
export function isWorthReporting({ guard, mode, result, did, warnings, errors }: RecordEntry): boolean {
  return guard !== 'ran' || mode !== null || result !== 'done' || [did, warnings, errors].flat().length > 0;
}

/** Whether something could not be done, or was done without the guard. */
export function isWarning({ guard, result, warnings, errors }: RecordEntry): boolean {
  return guard !== 'ran' || result !== 'done' || [warnings, errors].flat().length > 0;
}

/** `migrate, kvm1 to kvm2: done: repair: …`. */
export function describeEntry(entry: RecordEntry): string {
  const { action, source, destination, result, exit, guard, why, errors, warnings, did } = entry;
  const resolved = destination === null ? `on ${source}` : `${source} to ${destination}`;
  const status = exit === null || exit === 0 ? '' : ` (exit ${exit})`;
  const lines = [...errors, ...warnings, ...did];
  const isReasonMissing = guard === 'could-not-run' && !lines.some((line) => line.includes(why ?? ''));
  const rest = [
    ...(isReasonMissing
      ? [message('record-guard-not-run', { why: why ?? message('reason-not-recorded') }).what]
      : []),
    ...lines,
  ];
  return oneLine(
    [`${action}, ${resolved}`, `${result ?? message('record-without-end').what}${status}`, ...rest].join(
      ': ',
    ),
  ).trim();
}

export function newestFirst(entries: readonly RecordEntry[]): RecordEntry[] {
  return [...entries].sort((one, other) => Date.parse(other.time) - Date.parse(one.time));
}

/** Reads an entry; `undefined` for anything else. */
export function readEntry(value: unknown): RecordEntry | undefined {
  const given = readObject(value);
  if (!given) return undefined;
  const word = (key: string): string | undefined => stringOf(given.get(key));
  const lines = (key: string): string[] => {
    const found = given.get(key);
    return Array.isArray(found) ? found.flatMap((line) => stringOf(line) ?? []) : [];
  };
  const [vmId, exit] = [given.get('vmId'), given.get('exit')];
  const action = oneOf(recordedActions, given.get('action'));
  const guard = oneOf(guardWords, given.get('guard'));
  const [domain, time, source] = [word('domain'), word('time'), word('source')];
  if (typeof vmId !== 'number' || !action || !guard || domain === undefined || source === undefined)
    return undefined;
  if (time === undefined || Number.isNaN(Date.parse(time))) return undefined;
  return bounded({
    ...{ vmId, domain, action, time, source, guard },
    destination: word('destination') ?? null,
    why: word('why') ?? null,
    mode: oneOf(guardModes, given.get('mode')) ?? null,
    result: oneOf(results, given.get('result')) ?? null,
    exit: typeof exit === 'number' ? exit : null,
    ...{ did: lines('did'), warnings: lines('warnings'), errors: lines('errors'), mover: lines('mover') },
  });
}
