import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type CommandResult } from '../../../src/os/run-command';
import { buildAlone } from '../../bundle/build-once';

const root = join(__dirname, '../../..');

/** The files that an admin has unpacked and built: install.sh and what it installs, from the current sources. */
export class Package {
  private constructor(readonly directory: string) {}

  static async make(): Promise<Package> {
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-package-'));
    const built = await buildAlone();
    try {
      // Tests run its programs as other users than root, too.
      chmodSync(directory, 0o755);
      for (const name of ['install.sh', 'remotes', 'hooks', 'config'])
        cpSync(join(root, name), join(directory, name), { recursive: true });
      cpSync(built.directory, join(directory, 'dist'), { recursive: true });
    } finally {
      built.remove();
    }
    return new Package(directory);
  }

  /** A copy that a test may change. */
  copy(): Package {
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-package-'));
    cpSync(this.directory, directory, { recursive: true });
    return new Package(directory);
  }

  /** The files that install.sh has installed. */
  at(directory: string): Package {
    return new Package(directory);
  }

  async install(...argv: readonly string[]): Promise<CommandResult> {
    return runCommand([join(this.directory, 'install.sh'), ...argv], { deadline: 300_000 });
  }

  file(name: string): string {
    mkdirSync(join(this.directory, name, '..'), { recursive: true });
    return join(this.directory, name);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
