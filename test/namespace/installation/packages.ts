import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeed } from '../../lab/harness/succeed';

const root = join(__dirname, '../../..');
const parts = ['setup', 'src', 'config', 'docs', 'hooks', 'remotes'];
const files = ['install.sh', 'LICENSE', 'README.md', 'package.json', 'package-lock.json', 'tsconfig.json'];

export type PackageKind = 'deb' | 'rpm' | 'standalone';
export type Processor = 'amd64' | 'arm64';

/** The packages that `npm run package` makes of the current sources, in a separate directory. */
export class Packages {
  private constructor(readonly directory: string) {}

  /** Uses the bundles in dist/, if they are current; test/bundle shows that another build has the same bytes. */
  static async make(kinds: readonly PackageKind[], processor: Processor = 'amd64'): Promise<Packages> {
    const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-workshop-'));
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-packages-'));
    try {
      for (const name of [...parts, ...files])
        cpSync(join(root, name), join(workshop, name), { recursive: true });
      const dist = join(root, 'dist');
      if (existsSync(dist))
        cpSync(dist, join(workshop, 'dist'), {
          recursive: true,
          filter: (from) => from !== join(dist, 'packages'),
        });
      symlinkSync(join(root, 'node_modules'), join(workshop, 'node_modules'));
      await succeed([process.execPath, join(workshop, 'setup/package.mjs'), ...kinds, processor], {
        deadline: 600_000,
        env: { GIT_DIR: join(root, '.git') },
      });
      cpSync(join(workshop, 'dist/packages'), directory, { recursive: true });
      chmodSync(directory, 0o755);
    } finally {
      rmSync(workshop, { recursive: true, force: true });
    }
    return new Packages(directory);
  }

  /** Expects that a second build of the packages has the same bytes. */
  async expectReproducible(kinds: readonly PackageKind[]): Promise<void> {
    const again = await Packages.make(kinds);
    try {
      expect(again.names()).toEqual(this.names());
      const changed = this.names().filter((name) => {
        const [one, other] = [this, again].map(({ directory }) => readFileSync(join(directory, name)));
        return !one || !other?.equals(one);
      });
      expect(changed).toEqual([]);
    } finally {
      again.remove();
    }
  }

  /** The package whose name begins and ends like this. */
  file(start: string, end: string): string {
    const [name, ...more] = this.names().filter((found) => found.startsWith(start) && found.endsWith(end));
    if (name === undefined || more.length > 0)
      throw new Error(`not one ${start}…${end}: ${this.names().join()}`);
    return join(this.directory, name);
  }

  names(): readonly string[] {
    return readdirSync(this.directory).sort();
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
