import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/system/command';
import { succeed } from '../lab/harness/succeed';

const root = join(__dirname, '../..');

export interface Built {
  /** A directory that holds what was built and nothing else, with no package above it. */
  readonly directory: string;
  readonly programs: readonly string[];
  /** The admin's command. */
  readonly file: string;
  remove(): void;
}

/**
 * Builds with the project's own build script, but from a place of its own, so that nobody else's dist/ is
 * touched, and what is tested is never stale. `place`: where, below the directory for temporary files; there is a copy
 * of everything then, packages too, as in another clone.
 */
export async function buildAlone(place?: string): Promise<Built> {
  const workshop = mkdtempSync(join(tmpdir(), place ?? 'migrate-guard-build-'));
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-alone-'));
  const remove = (): void =>
    [workshop, directory].forEach((path) => rmSync(path, { recursive: true, force: true }));
  try {
    // Copies: what is built must not depend on where its sources lie.
    for (const name of ['setup', 'src', 'package.json', 'package-lock.json', 'LICENSE'])
      cpSync(join(root, name), join(workshop, name), { recursive: true });
    const packages = [join(root, 'node_modules'), join(workshop, 'node_modules')] as const;
    if (place === undefined) symlinkSync(...packages);
    else await copy(...packages);
    await succeed([process.execPath, join(workshop, 'setup/build.mjs')], {
      deadline: 120_000,
      env: { GIT_DIR: join(root, '.git') },
    });
    cpSync(join(workshop, 'dist'), directory, { recursive: true });
    // Tests run it as other users than root, too.
    chmodSync(directory, 0o755);
  } catch (error) {
    remove();
    throw error;
  }
  rmSync(workshop, { recursive: true });
  const programs = readdirSync(directory).filter((file) => file.endsWith('.cjs'));
  return { directory, programs, file: join(directory, 'migrate-guard.cjs'), remove };
}

/** Nothing writes into what is copied here, so its files may be the same ones, where one file system allows it. */
async function copy(from: string, to: string): Promise<void> {
  const linked = await run(['cp', '--archive', '--link', '--', from, to], { deadline: 120_000 });
  if (linked.exit === 0) return;
  rmSync(to, { recursive: true, force: true });
  await succeed(['cp', '--archive', '--', from, to], { deadline: 120_000 });
}
