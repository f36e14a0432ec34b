import { fstatSync, readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import { nearest } from '../core/did-you-mean';
import { defaultSettings, type Settings } from './settings';
import { remedyOf } from '../core/remedy-of';
import { withFile } from '../os/open-file';
import { isSection, quoted, seeShipped, validate } from './schema';

/** In bytes; the shipped file with all its comments is a twentieth of it. */
const maxFileBytes = 64 * 1024;

export const defaultSettingsFile = '/etc/migrate-guard/config.yaml';

/**
 * Reads the configuration. The file that is installed may be missing; one that was named may not.
 * @throws GuardError that names the key, and the nearest one known.
 */
export async function readSettings(named: string | undefined): Promise<Settings> {
  const file = named ?? defaultSettingsFile;
  const values = await readValues(file, named === undefined);
  return values === undefined ? defaultSettings : validate(file, values);
}

/** What can be read of a configuration. */
export interface ReadSections {
  readonly settings: Settings;
  /** What is wrong with it; then the sections that are not right have their defaults. */
  readonly mistake?: GuardError;
}

/**
 * A configuration that may be missing, for who has to go on although there is a mistake in it.
 * @throws GuardError where one of the sections that are `needed` is not right by itself, or nobody can tell.
 */
export async function readSections(
  needed: readonly (keyof Settings)[],
  file = defaultSettingsFile,
): Promise<ReadSections> {
  const values = await readValues(file, true);
  if (values === undefined) return { settings: defaultSettings };
  try {
    return { settings: await validate(file, values) };
  } catch (error) {
    if (!(error instanceof GuardError) || !isSection(values)) throw error;
    return { settings: await eachSection(file, values, needed), mistake: error };
  }
}

async function eachSection(
  file: string,
  values: object,
  needed: readonly (keyof Settings)[],
): Promise<Settings> {
  let settings = defaultSettings;
  for (const [section, keys] of Object.entries(values) as [keyof Settings, unknown][]) {
    try {
      settings = { ...settings, [section]: (await validate(file, { [section]: keys }))[section] };
    } catch (error) {
      // Its name may be a misspelt one; and where a value stands in the place of a section, others may have slipped, too.
      const meant = nearest(quoted(section), Object.keys(defaultSettings));
      if (!isSection(keys) || needed.some((name) => name === meant)) throw error;
    }
  }
  return settings;
}

/** `undefined` when nothing is set. */
async function readValues(file: string, mayBeMissing: boolean): Promise<unknown> {
  let text: string;
  try {
    text = readOwnFile(file);
  } catch (error) {
    if (error instanceof GuardError) throw error;
    const name = errorName(error);
    if (mayBeMissing && (name === 'ENOENT' || name === 'ENOTDIR')) return undefined;
    const look = `look at ls -l ${file}`;
    // OpenNebula's user is to be able to read it, and is not to be told to become root.
    const remedy = remedyOf(error, file, {
      EACCES: look,
      EPERM: look,
      otherwise: mayBeMissing ? look : 'name another with --config',
    });
    throw new GuardError('usage', `the configuration ${file} cannot be read: ${name}`, remedy);
  }
  // The file as shipped is all comments: nothing to parse, and no parser to load.
  if (text.split('\n').every((line) => /^\s*(#|$)/.test(line))) return undefined;
  return withoutEmpty(await readYaml(file, text));
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
    const remedy = 'write values in full, and without levels that are not in the shipped file';
    throw new GuardError('usage', what, remedy);
  }
  const what = `the configuration ${file} is no YAML: ${quoted(broken)}`;
  throw new GuardError('usage', what, 'mend that line');
}

/** Root reads only what nobody else can write: the configuration decides what root does. */
function readOwnFile(file: string): string {
  return withFile(file, 'r', (descriptor) => {
    const { uid, mode, size } = fstatSync(descriptor);
    if (process.geteuid?.() === 0 && (uid !== 0 || (mode & 0o022) !== 0)) {
      const what = `the configuration ${file} can be written by others than root`;
      throw new GuardError('notPermitted', what, `chown root: ${file}; chmod go-w ${file}`);
    }
    if (size > maxFileBytes) {
      const what = `the configuration ${file} is longer than ${maxFileBytes / 1024} KiB`;
      throw new GuardError('usage', what, seeShipped);
    }
    return readFileSync(descriptor, 'utf8');
  });
}

/** A section of which every key is commented out is null in YAML, and means its defaults. */
function withoutEmpty(values: unknown): unknown {
  if (values === null) return {};
  if (typeof values !== 'object' || Array.isArray(values)) return values;
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
