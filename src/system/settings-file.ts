import { readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import { nearest } from '../core/nearest';
import { defaultSettings, type Settings } from '../core/settings';
import { strategies } from '../core/strategy';

export const defaultSettingsFile = '/etc/migrate-guard/config.yaml';

/**
 * Reads the configuration. The file that is installed may be missing; one that was named may not.
 * @throws GuardError that names the key, and the nearest one known.
 */
export async function readSettings(named: string | undefined): Promise<Settings> {
  const file = named ?? defaultSettingsFile;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
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
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { prettyErrors: true });
  const [broken] = document.errors;
  if (broken) {
    const [what] = broken.message.split('\n');
    throw new GuardError('usage', `the configuration ${file} is no YAML: ${what ?? ''}`, 'mend that line');
  }
  let values: unknown;
  try {
    values = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new GuardError(
      'usage',
      `the configuration ${file} is refused: ${errorName(error)}`,
      'write values in full',
    );
  }
  return validate(file, withoutEmpty(values));
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
  const { libvirt, ssh, migrate, relink, reset } = defaultSettings;
  const path = v.pipe(v.string(), v.startsWith('/'));
  const user = v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_-]*$/, 'Invalid user name'));
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
  });
  if (Array.isArray(values) || typeof values !== 'object') {
    throw new GuardError(
      'usage',
      `${file}: sections with keys are expected`,
      'see the shipped file for all keys',
    );
  }
  const result = v.safeParse(schema, values);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = v.getDotPath(issue) ?? '';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const known = nearest(key, knownKeys());
    throw new GuardError('usage', `${file}: the key ${key} is not known`, `did you mean ${known ?? ''}?`);
  }
  throw new GuardError(
    'usage',
    `${file}: ${key || 'the whole file'}: ${issue.message}`,
    'see the shipped file for all keys',
  );
}

function knownKeys(): string[] {
  return Object.entries(defaultSettings).flatMap(([section, keys]) => [
    section,
    ...Object.keys(keys as object).map((key) => `${section}.${key}`),
  ]);
}
