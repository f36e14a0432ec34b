import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../../src/os/run-command';
import { succeed } from '../../../lab/harness/succeed';

const root = join(__dirname, '../../../..');

/**
 * The release before this one: during a rollout, the other machine may still have it. Update it with each release.
 */
export const previousRelease = '0d14006148466b2dd91f89fd92e5b48257e50897';

/** The programs of one release, in a separate directory. */
export interface Bundles {
  readonly directory: string;
  readonly version: string;
  remove(): void;
}

/**
 * Builds the programs of a commit by that commit's own build script, with the installed packages, because another
 * clone has no others. `version`: the version number of the release, if not its own one.
 */
export async function buildRelease(commit: string, version?: string): Promise<Bundles> {
  const git = ['git', '-C', root] as const;
  const known = await runCommand([...git, 'cat-file', '-e', `${commit}^{commit}`], { deadline: 30_000 });
  if (known.exit !== 0) {
    throw new Error(
      `the previous release (commit ${commit}) is not in the history of this clone: ` +
        'get all of it (git fetch --unshallow), or name the release in test/namespace/agent/releases/bundles.ts anew',
    );
  }
  const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-release-'));
  const remove = (): void => rmSync(workshop, { recursive: true, force: true });
  try {
    const archive = join(workshop, 'archive.tar');
    const sources = ['setup', 'src', 'package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE'];
    await succeed([...git, 'archive', '--output', archive, commit, ...sources]);
    await succeed(['tar', '-C', workshop, '-xf', archive]);
    return { ...(await build(workshop, version)), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Builds the current sources. */
export async function buildPresent(): Promise<Bundles> {
  const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-release-'));
  for (const name of ['setup', 'src', 'package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE'])
    cpSync(join(root, name), join(workshop, name), { recursive: true });
  return {
    ...(await build(workshop)),
    remove: () => rmSync(workshop, { recursive: true, force: true }),
  };
}

async function build(workshop: string, number?: string): Promise<Omit<Bundles, 'remove'>> {
  const about = join(workshop, 'package.json');
  const own = JSON.parse(readFileSync(about, 'utf8')) as { readonly version: string };
  const version = number ?? own.version;
  writeFileSync(about, JSON.stringify({ ...own, version }));
  symlinkSync(join(root, 'node_modules'), join(workshop, 'node_modules'));
  await succeed([process.execPath, join(workshop, 'setup/build.mjs')], {
    deadline: 120_000,
    env: { GIT_DIR: join(root, '.git') },
  });
  return { directory: join(workshop, 'dist'), version };
}
