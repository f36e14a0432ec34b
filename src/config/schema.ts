// Not by import(), which would take all of it into the bundles instead of the tenth that is used here.
import * as v from 'valibot';
import { GuardError } from '../core/errors';
import { message } from '../messages';
import { nearest } from '../core/did-you-mean';
import { defaultSettings, guardFailurePolicies, type Settings } from './settings';
import { strategies } from '../core/remedy-name';

/** Of text from the file that is quoted in a message. */
const maxQuoteChars = 120;

/** The settings of a file's values. @throws GuardError with the wrong key, and the nearest known one */
export function validate(file: string, values: unknown): Settings {
  const seconds = v.pipe(v.number(), v.minValue(1), v.maxValue(3600));
  const path = v.pipe(v.string(), v.startsWith('/'));
  const user = v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_-]*$/, 'Invalid user name'));
  // A name in vmm/kvm, and never a path out of it.
  const script = v.pipe(v.string(), v.regex(/^(frontend:)?[A-Za-z0-9][\w.-]*$/, 'Invalid name of a script'));
  // YAML 1.2 has true and false only, and people write yes and no.
  const flag = v.pipe(
    v.union([v.boolean(), v.picklist(['yes', 'no'])], 'Invalid type: expected yes or no'),
    v.transform((given) => given === true || given === 'yes'),
  );
  const schema = v.strictObject({
    libvirt: v.strictObject({ stateDirectory: path, logDirectory: path, deadline: seconds }),
    check: v.strictObject({ askQemu: flag }),
    ssh: v.strictObject({ user, deadline: seconds }),
    host: v.strictObject({ deadline: seconds }),
    destination: v.strictObject({ wait: v.pipe(v.number(), v.minValue(0), v.maxValue(3600)) }),
    migrate: v.strictObject({
      options: v.array(v.string()),
      uri: v.pipe(v.string(), v.includes('{host}')),
      destinationDeadline: seconds,
      stallDeadline: seconds,
    }),
    relink: v.strictObject({ journalDirectory: path }),
    reset: v.strictObject({
      strategies: v.pipe(v.array(v.picklist(strategies)), v.minLength(1)),
      layoutDirectory: path,
      gdbDeadline: seconds,
    }),
    opennebula: v.strictObject({ migrate: script, save: script, userTemplate: flag }),
    policy: v.strictObject({ whenGuardFails: v.picklist(guardFailurePolicies) }),
    hooks: v.strictObject({ retry: flag }),
    watch: v.strictObject({ repair: flag, interval: seconds }),
  });
  if (!isSection(values)) {
    throw new GuardError('usage', message('config-without-sections', { file }));
  }
  refuseUnknownKeys(file, values);
  const result = v.safeParse(schema, withDefaults(inOurNames(values)));
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = inFileNames(v.getDotPath(issue) ?? 'the whole file');
  const problem = quoted(issue.message);
  throw new GuardError('usage', message('config-value-wrong', { file, key: quoted(key), problem }));
}

function withDefaults(values: object): object {
  const sections = Object.entries(values).map(([section, keys]: [string, unknown]) => {
    const defaults = defaultSettings[section as keyof Settings];
    return [section, isSection(keys) ? { ...defaults, ...keys } : keys] as const;
  });
  return { ...defaultSettings, ...Object.fromEntries(sections) };
}

function refuseUnknownKeys(file: string, values: object): void {
  const known = knownKeys();
  const given = Object.entries(values).flatMap(([section, keys]: [string, unknown]) => {
    return [section, ...(isSection(keys) ? Object.keys(keys).map((key) => `${section}.${key}`) : [])];
  });
  const foreign = given.find((key) => !known.includes(key));
  if (foreign === undefined) return;
  const key = quoted(foreign);
  throw new GuardError(
    'usage',
    message('config-key-not-known', { file, key, nearest: nearest(key, known) ?? '' }),
  );
}

/** In the file keys are written `destination_deadline`. */
function inFileNames(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The same sections and keys, named as in {@link Settings}. */
export function inOurNames(values: object): object {
  return Object.fromEntries(
    Object.entries(values).map(([section, keys]: [string, unknown]) => [
      section,
      isSection(keys)
        ? Object.fromEntries(Object.entries(keys).map(([key, value]) => [ourName(key), value]))
        : keys,
    ]),
  );
}

function ourName(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function knownKeys(): string[] {
  return Object.entries(defaultSettings).flatMap(([section, keys]) => [
    section,
    ...Object.keys(keys as object).map((key) => `${section}.${inFileNames(key)}`),
  ]);
}

/** A section with its keys, or the object of all sections. */
export function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function quoted(text: string): string {
  return text.length > maxQuoteChars ? `${text.slice(0, maxQuoteChars)}…` : text;
}
