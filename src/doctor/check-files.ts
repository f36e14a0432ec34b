import { readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import type { Finding } from '../core/finding';
import { judgeInstalled, parseManifest, type Installed } from './model/manifest';
import { message, textOf } from '../messages';
import { remedyOf } from '../core/remedy-of';
import { isUnknown, type Unknown } from '../core/unknown';
import { readFileState } from './io/file-state';

const manifestFile = '/var/lib/migrate-guard/manifest';

export type Role = Exclude<Installed['role'], 'common'>;

export interface Installation {
  readonly roles: readonly Role[];
  readonly entries: readonly Installed[];
}

/** What install.sh has installed on this machine, below `root`; no roles where it never ran. */
export function readInstallation(root: string): Installation | Unknown {
  let text: string;
  try {
    text = readFileSync(`${root}${manifestFile}`, 'utf8');
  } catch (error) {
    const name = errorName(error);
    if (name === 'ENOENT') return { roles: [], entries: [] };
    const remedy = remedyOf(error, manifestFile, { otherwise: textOf('doctor-install-again') });
    return { unknown: textOf('doctor-file-not-read', { path: manifestFile, why: name }), remedy };
  }
  const entries = parseManifest(text);
  if (isUnknown(entries)) return entries;
  const roles = (['frontend', 'host'] as const).filter((name) => entries.some(({ role }) => role === name));
  return { roles, entries };
}

/** What is missing or was changed; or one finding that all is as it was installed. */
export function judgeFiles(root: string, installation: Installation | Unknown): Finding[] {
  const check = 'installed-file';
  if (isUnknown(installation)) {
    const { unknown, remedy = textOf('doctor-install-again') } = installation;
    return [{ check, state: 'unknown', what: unknown, remedy }];
  }
  const { entries, roles } = installation;
  if (roles.length === 0) {
    return [{ check, state: 'problem', ...message('not-installed', { path: manifestFile }) }];
  }
  const wrong = entries.flatMap(
    (entry) => judgeInstalled(entry, readFileState(`${root}${entry.path}`)) ?? [],
  );
  if (wrong.length > 0) return wrong;
  const values = { count: entries.length, roles: roles.join(' and ') };
  return [{ check, state: 'ok', ...message('files-unchanged', values) }];
}
