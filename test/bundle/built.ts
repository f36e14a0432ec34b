import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
 * touched, and what is tested is never stale.
 */
export async function buildAlone(): Promise<Built> {
  const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-build-'));
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-alone-'));
  const remove = (): void =>
    [workshop, directory].forEach((path) => rmSync(path, { recursive: true, force: true }));
  try {
    // Copies: what is built must not depend on where its sources lie.
    for (const name of ['setup', 'src', 'package.json'])
      cpSync(join(root, name), join(workshop, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(workshop, 'node_modules'));
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
  const programs = readdirSync(directory).filter((name) => name.endsWith('.cjs'));
  return { directory, programs, file: join(directory, 'migrate-guard.cjs'), remove };
}
