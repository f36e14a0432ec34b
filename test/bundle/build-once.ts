import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../src/os/run-command';
import { succeed } from '../lab/harness/succeed';
import { madeInRun } from '../support/made-in-run';

const root = join(__dirname, '../..');

export interface Built {
  /** A directory that contains only what was built, with no package above it. */
  readonly directory: string;
  readonly programs: readonly string[];
  /** The admin's command. */
  readonly file: string;
  remove(): void;
}

/**
 * Builds the current sources by the project's own build script. If dist/ is up to date, the result is a copy of it;
 * otherwise the build runs in a separate directory, so that no other process's dist/ changes, once in a run of
 * `npm test`. `place`: a directory below the one for temporary files, where the build runs in any case, with a copy of
 * everything, packages included, as in another clone.
 */
export async function buildAlone(place?: string): Promise<Built> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-alone-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    if (place === undefined) await copyCurrent(directory);
    else await build(place, directory);
    // Tests run the program as other users than root, too.
    chmodSync(directory, 0o755);
  } catch (error) {
    remove();
    throw error;
  }
  const programs = readdirSync(directory).filter((file) => file.endsWith('.cjs'));
  return { directory, programs, file: join(directory, 'migrate-guard.cjs'), remove };
}

async function copyCurrent(directory: string): Promise<void> {
  const files = await currentFiles();
  const run = process.env['MIGRATE_GUARD_RUN'];
  if (files.length > 0) for (const file of files) cpSync(join(root, 'dist', file), join(directory, file));
  else if (run === undefined) await build(undefined, directory);
  else {
    const built = await madeInRun(join(run, 'migrate-guard-built'), (place) => build(undefined, place));
    cpSync(built, directory, { recursive: true });
  }
}

/** The files below dist/, if they are the ones that a build by this Node would make now. */
async function currentFiles(): Promise<string[]> {
  const stamp = [process.execPath, join(root, 'setup/build/stamp.mjs')] as const;
  const { stdout } = await succeed(stamp, { deadline: 120_000 });
  return stdout.split('\n').filter((line) => line !== '');
}

async function build(place: string | undefined, directory: string): Promise<void> {
  const workshop = mkdtempSync(join(tmpdir(), place ?? 'migrate-guard-build-'));
  try {
    // The sources are copies, because the build must not depend on their directory.
    for (const name of ['setup', 'src', 'package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE'])
      cpSync(join(root, name), join(workshop, name), { recursive: true });
    const packages = [join(root, 'node_modules'), join(workshop, 'node_modules')] as const;
    if (place === undefined) symlinkSync(...packages);
    else await copy(...packages);
    await succeed([process.execPath, join(workshop, 'setup/build.mjs')], {
      deadline: 600_000,
      env: { GIT_DIR: join(root, '.git') },
    });
    cpSync(join(workshop, 'dist'), directory, { recursive: true });
    // The stamp belongs to the build, not to its results.
    rmSync(join(directory, '.made-from.json'));
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Makes hard links where possible, because nothing writes into the copies. */
async function copy(from: string, to: string): Promise<void> {
  const linked = await runCommand(['cp', '--archive', '--link', '--', from, to], { deadline: 600_000 });
  if (linked.exit === 0) return;
  rmSync(to, { recursive: true, force: true });
  await succeed(['cp', '--archive', '--', from, to], { deadline: 600_000 });
}
