import type { Finding } from '../../core/finding';
import { isUnknown, type Unknown } from '../../core/unknown';
import { message, textOf, type Message } from '../../messages';

/** One line of the manifest that install.sh writes: one path that it has created. */
export interface Installed {
  readonly role: 'common' | 'frontend' | 'host';
  /** A config file may be changed by the admin; a generated one is compared with what it is made from. */
  readonly kind: 'file' | 'config' | 'generated' | 'directory';
  /** As `stat -c %a` prints it. */
  readonly mode: string;
  /** Numbers, `uid:gid`. */
  readonly owner: string;
  readonly sha256: string;
  readonly path: string;
}

/** What is at a path now. */
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
    if (!entry) return { unknown: textOf('manifest-malformed', { line: index + 1 }) };
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

/** The remedy for a path that install.sh has created, by role. */
const installAgain = {
  common: 'install-common-again',
  frontend: 'install-frontend-again',
  host: 'install-host-again',
} as const;

/** A finding if an installed path was changed, is missing, or needs a note; `undefined` if it is as it was installed. */
export function judgeInstalled(entry: Installed, now: FileState): Finding | undefined {
  const { path, kind, mode, owner } = entry;
  if (kind === 'generated') return undefined;
  const again = textOf(installAgain[entry.role]);
  const base = { check: 'installed-file', path } as const;
  const problem = (what: Message, remedy: string): Finding => ({
    ...base,
    state: 'problem',
    ...what,
    remedy,
  });
  // A file is replaced as a whole: whoever could write it may have.
  const remedyFor = (command: string): string => (kind === 'file' ? again : command);
  if (isUnknown(now)) {
    const remedy = now.remedy ?? textOf('look-at-path', { path });
    return {
      ...base,
      state: 'unknown',
      ...message('installed-not-examined', { path, why: now.unknown }),
      remedy,
    };
  }
  if (now.is === 'missing') return problem(message('installed-missing', { path }), again);
  const wanted = kind === 'directory' ? 'directory' : 'file';
  if (now.is !== wanted) {
    const id = wanted === 'file' ? 'installed-not-a-file' : 'installed-not-a-directory';
    return problem(message(id, { path }), textOf('move-away-and-install', { again }));
  }
  if (now.owner !== owner) {
    const what = message('installed-owner', { path, now: now.owner, owner });
    return problem(what, remedyFor(textOf('set-owner', { owner, path })));
  }
  const modes = kind === 'file' && path.includes('-probes.d/') ? probeModes : [mode];
  if (!modes.includes(now.mode)) {
    const what = message('installed-mode', { path, now: now.mode, mode });
    return problem(what, remedyFor(textOf('set-mode', { mode, path })));
  }
  if (kind === 'file' && now.is === 'file' && now.sha256 !== entry.sha256) {
    return problem(message('installed-changed', { path }), again);
  }
  if (modes === probeModes && now.mode === switchedOff) {
    return { ...base, state: 'ok', note: true, ...message('probe-switched-off', { path }) };
  }
  return undefined;
}
