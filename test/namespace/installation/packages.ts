import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeed } from '../../lab/harness/succeed';

const root = join(__dirname, '../../..');
const parts = ['setup', 'src', 'config', 'docs', 'hooks', 'remotes'];
const files = ['install.sh', 'LICENSE', 'README.md', 'package.json', 'package-lock.json'];
/** Stands for the licence of Node. */
export const licenceText = 'Node.js is licensed for use as follows: …\n';

/** What `npm run package` makes of the sources as they are now, in a place of its own. */
export class Packages {
  private constructor(readonly directory: string) {}

  static async make(): Promise<Packages> {
    const workshop = mkdtempSync(join(tmpdir(), 'migrate-guard-workshop-'));
    const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-packages-'));
    try {
      for (const name of [...parts, ...files])
        cpSync(join(root, name), join(workshop, name), { recursive: true });
      symlinkSync(join(root, 'node_modules'), join(workshop, 'node_modules'));
      // Not the real one: a Node may come without, and no test reads what this machine happens to have.
      const licence = join(workshop, 'LICENSE.node');
      writeFileSync(licence, licenceText);
      await succeed([process.execPath, join(workshop, 'setup/package.mjs'), '--node-licence', licence], {
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

  /** The one whose name begins and ends like this. */
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
