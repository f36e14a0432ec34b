import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import { nearest } from '../core/nearest';
import { defaultSettings, guardFailurePolicies, type Settings } from '../core/settings';
import { strategies } from '../core/strategy';

/** In bytes; the shipped file with all its comments is a twentieth of it. */
const longestFile = 64 * 1024;
/** Of what a message repeats from the file. */
const longestQuote = 120;

export const defaultSettingsFile = '/etc/migrate-guard/config.yaml';

/**
 * Reads the configuration. The file that is installed may be missing; one that was named may not.
 * @throws GuardError that names the key, and the nearest one known.
 */
export async function readSettings(named: string | undefined): Promise<Settings> {
  const file = named ?? defaultSettingsFile;
  let text: string;
  try {
    text = readOwnFile(file);
  } catch (error) {
    if (error instanceof GuardError) throw error;
    const name = errorName(error);
    if (named === undefined && (name === 'ENOENT' || name === 'ENOTDIR')) return defaultSettings;
    throw new GuardError(
      'usage',
      `the configuration ${file} cannot be read: ${name}`,
      'name another with --config',
    );
  }
  // The file as shipped is all comments: nothing to parse, and no parser to load.
  if (text.split('\n').every((line) => /^\s*(#|$)/.test(line))) return defaultSettings;
  return validate(file, withoutEmpty(await readYaml(file, text)));
}

async function readYaml(file: string, text: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  let broken: string | undefined;
  try {
    const document = parseDocument(text, { prettyErrors: true });
    broken = document.errors[0]?.message.split('\n')[0];
    if (broken === undefined) return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (error) {
    // An alias, or more levels than the stack has.
    const what = `the configuration ${file} is refused: ${errorName(error)}`;
    throw new GuardError(
      'usage',
      what,
      'write values in full, and without levels that are not in the shipped file',
    );
  }
  const what = `the configuration ${file} is no YAML: ${quoted(broken)}`;
  throw new GuardError('usage', what, 'mend that line');
}

function quoted(text: string): string {
  return text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
}

/** Root reads only what nobody else can write: the configuration decides what root does. */
function readOwnFile(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const { uid, mode, size } = fstatSync(descriptor);
    if (process.geteuid?.() === 0 && (uid !== 0 || (mode & 0o022) !== 0)) {
      throw new GuardError(
        'notPermitted',
        `the configuration ${file} can be written by others than root`,
        `chown root: ${file}; chmod go-w ${file}`,
      );
    }
    if (size > longestFile) {
      const what = `the configuration ${file} is longer than ${longestFile / 1024} KiB`;
      throw new GuardError('usage', what, 'see the shipped file for all keys');
    }
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** A section of which every key is commented out is null in YAML, and means its defaults. */
function withoutEmpty(values: unknown): unknown {
  if (values === null) return {};
  if (typeof values !== 'object' || Array.isArray(values)) return values;
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

async function validate(file: string, values: unknown): Promise<Settings> {
  const v = await import('valibot');
  const seconds = v.pipe(v.number(), v.minValue(1), v.maxValue(3600));
  const { libvirt, ssh, migrate, relink, reset, opennebula, policy, hooks } = defaultSettings;
  const path = v.pipe(v.string(), v.startsWith('/'));
  const user = v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_-]*$/, 'Invalid user name'));
  // A name below vmm/kvm, and never a way out of it.
  const script = v.pipe(v.string(), v.regex(/^(frontend:)?[A-Za-z0-9][\w.-]*$/, 'Invalid name of a script'));
  const schema = v.strictObject({
    libvirt: v.optional(
      v.strictObject({
        stateDirectory: v.optional(path, libvirt.stateDirectory),
        logDirectory: v.optional(path, libvirt.logDirectory),
        deadline: v.optional(seconds, libvirt.deadline),
      }),
      libvirt,
    ),
    ssh: v.optional(
      v.strictObject({ user: v.optional(user, ssh.user), deadline: v.optional(seconds, ssh.deadline) }),
      ssh,
    ),
    migrate: v.optional(
      v.strictObject({
        options: v.optional(v.array(v.string()), [...migrate.options]),
        uri: v.optional(v.pipe(v.string(), v.includes('{host}')), migrate.uri),
        destinationDeadline: v.optional(seconds, migrate.destinationDeadline),
        stallDeadline: v.optional(seconds, migrate.stallDeadline),
      }),
      { ...migrate, options: [...migrate.options] },
    ),
    relink: v.optional(
      v.strictObject({ journalDirectory: v.optional(path, relink.journalDirectory) }),
      relink,
    ),
    reset: v.optional(
      v.strictObject({
        strategies: v.optional(v.pipe(v.array(v.picklist(strategies)), v.minLength(1)), [
          ...reset.strategies,
        ]),
        layoutDirectory: v.optional(path, reset.layoutDirectory),
        gdbDeadline: v.optional(seconds, reset.gdbDeadline),
      }),
      { ...reset, strategies: [...reset.strategies] },
    ),
    opennebula: v.optional(
      v.strictObject({
        migrate: v.optional(script, opennebula.migrate),
        save: v.optional(script, opennebula.save),
      }),
      opennebula,
    ),
    policy: v.optional(
      v.strictObject({
        whenGuardFails: v.optional(v.picklist(guardFailurePolicies), policy.whenGuardFails),
      }),
      policy,
    ),
    hooks: v.optional(v.strictObject({ retry: v.optional(v.boolean(), hooks.retry) }), hooks),
  });
  if (Array.isArray(values) || typeof values !== 'object' || values === null) {
    throw new GuardError(
      'usage',
      `${file}: sections with keys are expected`,
      'see the shipped file for all keys',
    );
  }
  refuseUnknownKeys(file, values);
  const result = v.safeParse(schema, inOurNames(values));
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = inFileNames(v.getDotPath(issue) ?? 'the whole file');
  const what = `${file}: ${quoted(key)}: ${quoted(issue.message)}`;
  throw new GuardError('usage', what, 'see the shipped file for all keys');
}

function refuseUnknownKeys(file: string, values: object): void {
  const known = knownKeys();
  const given = Object.entries(values).flatMap(([section, keys]: [string, unknown]) => {
    const isSection = typeof keys === 'object' && keys !== null && !Array.isArray(keys);
    return [section, ...(isSection ? Object.keys(keys).map((key) => `${section}.${key}`) : [])];
  });
  const foreign = given.find((key) => !known.includes(key));
  if (foreign === undefined) return;
  throw new GuardError(
    'usage',
    `${file}: the key ${quoted(foreign)} is not known`,
    `did you mean ${nearest(quoted(foreign), known) ?? ''}?`,
  );
}

/** Keys are written `destination_deadline` in the file. */
function inFileNames(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The same sections and keys, named as in {@link Settings}. */
export function inOurNames(values: object): object {
  return Object.fromEntries(
    Object.entries(values).map(([section, keys]: [string, unknown]) => [
      section,
      typeof keys === 'object' && keys !== null && !Array.isArray(keys)
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
