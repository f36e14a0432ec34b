import { join } from 'node:path';
import { succeed } from './succeed';

/**
 * The releases of Debian that can be a host: those of setup/debian-tree.sh. A tier names those it needs
 * (setup/tiers.mjs).
 */
export type DebianRelease = 'bullseye' | 'trixie' | 'forky';

const maker = join(__dirname, '../../../setup/debian-tree.sh');
const init = join(__dirname, 'release-init.sh');
/** The tree is made once and kept in the cache; another process may be making it. */
const makeDeadlineMs = 1_200_000;

/** The file tree of another release of Debian. Nothing writes to it: hosts put an overlay above it. */
export async function debianTree(release: DebianRelease): Promise<string> {
  const { stdout } = await succeed([maker, release], { deadline: makeDeadlineMs });
  return stdout.trim().split('\n').at(-1) ?? '';
}

/**
 * The command that runs a program in such a tree, inside an existing mount namespace.
 * @param shown directories of this machine that are visible there, too; read-only
 * @param shared one that can be written to
 */
export function inTree(tree: string, shown: readonly string[], shared?: string): readonly string[] {
  return ['sh', init, tree, ...shown, ...(shared === undefined ? [] : ['--shared', shared]), '--'];
}
