import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../src/os/run-command';
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
 * What the project's own build script makes of the sources as they are now: a copy of what lies in dist/, when that is
 * the same, or else built in a place of its own, so that nobody else's dist/ is touched. `place`: built there in any case,
 * below the directory for temporary files, with a copy of everything, packages too, as in another clone.
 */
export async function buildAlone(place?: string): Promise<Built> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-alone-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    const ready = place === undefined ? await currentFiles() : [];
    for (const file of ready) cpSync(join(root, 'dist', file), join(directory, file));
    if (ready.length === 0) await build(place, directory);
    // Tests run it as other users than root, too.
    chmodSync(directory, 0o755);
  } catch (error) {
    remove();
    throw error;
  }
  const programs = readdirSync(directory).filter((file) => file.endsWith('.cjs'));
  return { directory, programs, file: join(directory, 'migrate-guard.cjs'), remove };
}

/** The files below dist/, when they are what a build by this Node would make now. */
async function currentFiles(): Promise<string[]> {
  const stamp = [process.execPath, join(root, 'setup/build/stamp.mjs')] as const;
  const { stdout } = await succeed(stamp, { deadline: 120_000 });
  return stdout.split('\n').filter((line) => line !== '');
}

async function build(place: string | undefined, directory: string): Promise<void> {
  const workshop = mkdtempSync(join(tmpdir(), place ?? 'migrate-guard-build-'));
  try {
    // Copies: what is built must not depend on where its sources lie.
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
    // Of the build, and no part of what it has built.
    rmSync(join(directory, '.made-from.json'));
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Nothing writes into what is copied here, so its files may be the same ones, where one file system allows it. */
async function copy(from: string, to: string): Promise<void> {
  const linked = await runCommand(['cp', '--archive', '--link', '--', from, to], { deadline: 600_000 });
  if (linked.exit === 0) return;
  rmSync(to, { recursive: true, force: true });
  await succeed(['cp', '--archive', '--', from, to], { deadline: 600_000 });
}
