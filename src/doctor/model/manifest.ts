import type { Finding } from '../../core/finding';
import { isUnknown, type Unknown } from '../../core/unknown';

/** One line of the manifest that install.sh writes: something that it has made. */
export interface Installed {
  readonly role: 'common' | 'frontend' | 'host';
  /** A config file may be changed by the admin; one that is generated is judged by what it is made of. */
  readonly kind: 'file' | 'config' | 'generated' | 'directory';
  /** As `stat -c %a` prints it. */
  readonly mode: string;
  /** Numbers, `uid:gid`. */
  readonly owner: string;
  readonly sha256: string;
  readonly path: string;
}

/** What stands at a path now. */
export type FileState =
  | { readonly is: 'missing' }
  | { readonly is: 'something else' }
  | { readonly is: 'directory'; readonly mode: string; readonly owner: string }
  | { readonly is: 'file'; readonly mode: string; readonly owner: string; readonly sha256: string }
  | Unknown;

export function parseManifest(text: string): Installed[] | Unknown {
  const entries: Installed[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const entry = parseLine(line);
    if (!entry) return { unknown: `line ${index + 1} of the manifest is odd` };
    entries.push(entry);
  }
  return entries;
}

function parseLine(line: string): Installed | undefined {
  const [role, kind, mode, owner, sha256, path, more] = line.split('\t');
  if (role !== 'common' && role !== 'frontend' && role !== 'host') return undefined;
  if (kind !== 'file' && kind !== 'config' && kind !== 'generated' && kind !== 'directory') return undefined;
  if (mode === undefined || owner === undefined || sha256 === undefined) return undefined;
  if (!path?.startsWith('/') || more !== undefined) return undefined;
  return { role, kind, mode, owner, sha256, path };
}

/** OpenNebula runs no probe that is not executable, and so a site leaves one out (docs/opennebula.md). */
const switchedOff = '644';
const probeModes: readonly string[] = ['755', switchedOff];

/** What is wrong with what was installed, or worth a note; nothing, when it is as it was. */
export function judgeInstalled(entry: Installed, now: FileState): Finding | undefined {
  const { path, kind, mode, owner } = entry;
  if (kind === 'generated') return undefined;
  const again =
    entry.role === 'common' ? 'install.sh frontend, or install.sh host' : `install.sh ${entry.role}`;
  // A file is replaced as a whole: whoever could write it may have.
  const remedyFor = (command: string): string => (kind === 'file' ? again : command);
  const found = (state: 'problem' | 'unknown', what: string, remedy: string): Finding => ({
    check: 'installed-file',
    state,
    path,
    what: `${path} ${what}`,
    remedy,
  });
  if (isUnknown(now))
    return found('unknown', `cannot be looked at: ${now.unknown}`, now.remedy ?? `ls -ld ${path}`);
  if (now.is === 'missing') return found('problem', 'is missing', again);
  const wanted = kind === 'directory' ? 'directory' : 'file';
  if (now.is !== wanted) return found('problem', `is no plain ${wanted} any more`, `move it away; ${again}`);
  if (now.owner !== owner) {
    return found(
      'problem',
      `belongs to ${now.owner} instead of ${owner}`,
      remedyFor(`chown ${owner} ${path}`),
    );
  }
  const modes = kind === 'file' && path.includes('-probes.d/') ? probeModes : [mode];
  if (!modes.includes(now.mode)) {
    return found('problem', `has mode ${now.mode} instead of ${mode}`, remedyFor(`chmod ${mode} ${path}`));
  }
  if (kind === 'file' && now.is === 'file' && now.sha256 !== entry.sha256) {
    return found('problem', 'is not as it was installed', again);
  }
  if (modes === probeModes && now.mode === switchedOff) {
    return { check: 'installed-file', state: 'ok', note: true, path, what: `${path} is switched off` };
  }
  return undefined;
}
