import { fstatSync, readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { message, textOf } from '../messages';
import { nearest } from '../core/did-you-mean';
import { defaultSettings, type Settings } from './settings';
import { remedyOf } from '../core/remedy-of';
import { withFile } from '../os/open-file';
import { isSection, quoted, validate } from './schema';

/** The shipped file, with all its comments, has a twentieth of it. */
const maxFileBytes = 64 * 1024;

export const defaultSettingsFile = '/etc/migrate-guard/config.yaml';

/**
 * Reads the configuration. The installed file may be missing, but not a file that is named.
 * @throws GuardError with the wrong key, and the nearest known one
 */
export async function readSettings(named: string | undefined): Promise<Settings> {
  const file = named ?? defaultSettingsFile;
  const values = await readValues(file, named === undefined);
  return values === undefined ? defaultSettings : validate(file, values);
}

/** The valid part of a configuration. */
interface ReadSections {
  readonly settings: Settings;
  /** The first mistake; invalid sections then have their defaults. */
  readonly mistake?: GuardError;
}

/**
 * A configuration that may be missing, for callers that can continue although it has a mistake.
 * @throws GuardError if one of the sections that are `needed` is invalid, or may be
 */
export async function readSections(
  needed: readonly (keyof Settings)[],
  file = defaultSettingsFile,
): Promise<ReadSections> {
  const values = await readValues(file, true);
  if (values === undefined) return { settings: defaultSettings };
  try {
    return { settings: validate(file, values) };
  } catch (error) {
    if (!(error instanceof GuardError) || !isSection(values)) throw error;
    return { settings: eachSection(file, values, needed), mistake: error };
  }
}

function eachSection(file: string, values: object, needed: readonly (keyof Settings)[]): Settings {
  let settings = defaultSettings;
  for (const [section, keys] of Object.entries(values) as [keyof Settings, unknown][]) {
    try {
      settings = { ...settings, [section]: validate(file, { [section]: keys })[section] };
    } catch (error) {
      // Its name may be a misspelt one that is needed; and after a value in place of a section, keys may belong to another.
      const meant = nearest(quoted(section), Object.keys(defaultSettings));
      if (!isSection(keys) || needed.some((name) => name === meant)) throw error;
    }
  }
  return settings;
}

/** `undefined` for a configuration without values. */
async function readValues(file: string, mayBeMissing: boolean): Promise<unknown> {
  let text: string;
  try {
    text = readOwnFile(file);
  } catch (error) {
    if (error instanceof GuardError) throw error;
    const name = errorName(error);
    if (mayBeMissing && (name === 'ENOENT' || name === 'ENOTDIR')) return undefined;
    const see = textOf('see-config-file', { file });
    // OpenNebula's user has to be able to read it: "run as root" would be the wrong remedy.
    const remedy = remedyOf(error, file, {
      EACCES: see,
      EPERM: see,
      otherwise: mayBeMissing ? see : textOf('name-other-config'),
    });
    throw new GuardError('usage', { ...message('config-not-read', { file, error: name }), remedy });
  }
  // The shipped file has only comments: the parser need not be loaded.
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
    // An alias, or too many levels for the stack.
    throw new GuardError('usage', message('config-refused', { file, problem: errorName(error) }));
  }
  throw new GuardError('usage', message('config-not-yaml', { file, problem: quoted(broken) }));
}

/** As root only a file that no other user can write: the configuration decides what root does. */
function readOwnFile(file: string): string {
  return withFile(file, 'r', (descriptor) => {
    const { uid, mode, size } = fstatSync(descriptor);
    if (process.geteuid?.() === 0 && (uid !== 0 || (mode & 0o022) !== 0)) {
      throw new GuardError('notPermitted', message('config-writable', { file }));
    }
    if (size > maxFileBytes) {
      throw new GuardError('usage', message('config-too-long', { file, kib: maxFileBytes / 1024 }));
    }
    return readFileSync(descriptor, 'utf8');
  });
}

/** A section whose keys are all commented out is null in YAML, and has its defaults. */
function withoutEmpty(values: unknown): unknown {
  if (values === null) return {};
  if (typeof values !== 'object' || Array.isArray(values)) return values;
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
