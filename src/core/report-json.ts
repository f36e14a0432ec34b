import {
  affectedAnswers,
  blockStates,
  verdicts,
  type BlockState,
  type DomainReport,
  type Evidence,
  type Finding,
  type Verdict,
} from './finding';
import { orders } from './order';
import type { Step } from './repair-step';

const findingStates = ['ok', 'problem', 'unknown'] as const satisfies readonly Finding['state'][];
const stepNames = [
  'make-directory',
  'make-symlink',
  'replace-symlink',
  'replace-node',
  'make-node',
] as const satisfies readonly Step['step'][];

/** A JSON object as a Map, in which no key can reach a prototype; `undefined` for anything else. */
export function readObject(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}

/** The same of a JSON text; `undefined` also for invalid JSON. */
export function readJsonObject(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return readObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A text; `undefined` for anything else. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function oneOf<T extends string>(words: readonly T[], value: unknown): T | undefined {
  return words.find((word) => word === value);
}

export function readVerdict(value: unknown): Verdict | undefined {
  return oneOf(verdicts, value);
}

export function readBlockState(value: unknown): BlockState | undefined {
  return oneOf(blockStates, value);
}

/**
 * One domain's report, as another host or an earlier run wrote it; `undefined` for anything else. Every value is checked,
 * and unknown keys are left out.
 */
export function readDomainReport(value: unknown): DomainReport | undefined {
  const given = readObject(value);
  const [domain, pid] = [given?.get('domain'), given?.get('pid') ?? null];
  const verdict = readVerdict(given?.get('verdict'));
  const blockState = readBlockState(given?.get('blockState'));
  const findings = readAll(given?.get('findings'), readFinding);
  const plan = readAll(given?.get('plan'), readStep);
  if (typeof domain !== 'string' || domain === '') return undefined;
  if (pid !== null && !(typeof pid === 'number' && Number.isInteger(pid))) return undefined;
  if (!verdict || !blockState || !findings || !plan) return undefined;
  const affected = oneOf(affectedAnswers, given?.get('affected'));
  return {
    ...{ domain, pid, verdict, blockState, findings, plan },
    ...(affected ? { affected } : {}),
    ...(given ? stringsIn(given, ['build']) : {}),
  };
}

function readFinding(value: unknown): Finding | undefined {
  const given = readObject(value);
  const [check, what] = ['check', 'what'].map((key) => stringOf(given?.get(key)));
  const state = oneOf(findingStates, given?.get('state'));
  if (!given || check === undefined || !state || what === undefined) return undefined;
  const plan = given.has('plan') ? readAll(given.get('plan'), readStep) : undefined;
  const evidence = readEvidence(given.get('evidence'));
  const affects = readAll(given.get('affects'), (order) => oneOf(orders, order));
  return {
    check,
    state,
    what,
    ...stringsIn(given, ['disk', 'path', 'short', 'remedy']),
    ...(evidence ? { evidence } : {}),
    ...(given.get('note') === true ? { note: true } : {}),
    ...(affects ? { affects } : {}),
    ...(plan ? { plan } : {}),
  };
}

function readEvidence(value: unknown): Evidence | undefined {
  const given = readObject(value);
  if (!given) return undefined;
  const [host, namespace] = ['host', 'namespace'].map((key) => readAll(given.get(key), stringOf));
  return {
    ...(host ? { host } : {}),
    ...(namespace ? { namespace } : {}),
    ...stringsIn(given, ['device', 'open']),
  };
}

/** Only printed, never executed: a repair makes its own plan on the host. */
function readStep(value: unknown): Step | undefined {
  const given = readObject(value);
  const [step, path] = [oneOf(stepNames, given?.get('step')), given?.get('path')];
  const [mode, uid, gid] = ['mode', 'uid', 'gid'].map((key) => given?.get(key));
  if (!given || !step || typeof path !== 'string') return undefined;
  if (typeof mode !== 'number' || typeof uid !== 'number' || typeof gid !== 'number') return undefined;
  const base = { path, mode, uid, gid };
  const { target = '', was = '', device = '' } = stringsIn(given, ['target', 'was', 'device']);
  switch (step) {
    case 'make-directory':
      return { step, ...base };
    case 'make-symlink':
      return { step, ...base, target };
    case 'replace-symlink':
      return { step, ...base, target, was };
    case 'make-node':
      return { step, ...base, device, ...stringsIn(given, ['like']) };
    case 'replace-node':
      return { step, ...base, device, was, ...stringsIn(given, ['like']) };
  }
}

export function stringsIn<K extends string>(
  given: ReadonlyMap<string, unknown>,
  keys: readonly K[],
): Partial<Record<K, string>> {
  const texts = keys.filter((key) => typeof given.get(key) === 'string');
  return Object.fromEntries(texts.map((key) => [key, given.get(key)])) as Partial<Record<K, string>>;
}

function readAll<T>(value: unknown, read: (one: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const all = value.map(read);
  return all.every((one) => one !== undefined) ? all : undefined;
}
