import { dirname } from 'node:path';
import { versionNumber } from '../cli/version';
import { errorName } from '../core/error-name';
import { message } from '../messages';
import { failure } from '../opennebula/model/vm-log';
import { readInput } from '../os/whole-input';
import { plugins, isPlugin } from '../plugin';
import { placeOf } from '../plugin/script-location';

/**
 * The program of OpenNebula's scripts: `plugin.cjs NAME ARGUMENT…`, started by the scripts of these names in remotes/. Its
 * output and exit status are the script's.
 */
async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if (!isPlugin(name)) {
    process.stderr.write(
      `migrate-guard: ${JSON.stringify(name)} is not one of ${Object.keys(plugins).join(', ')}.\n`,
    );
    return 64;
  }
  const place = placeOf(remotesOf(process.env), process.env);
  const { exit, stdout, stderr } = await plugins[name]({
    args,
    input: await readInput(),
    place,
    version: versionNumber,
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return exit;
}

/**
 * The directory `remotes/` of the script that started this program. The program itself is there, too, if it was installed
 * without packages; a script of an earlier release does not name it.
 */
function remotesOf({ MIGRATE_GUARD_REMOTES: named }: Readonly<NodeJS.ProcessEnv>): string {
  return named ?? dirname(dirname(__filename));
}

// Exit 1 if the event loop drains before `main` settles.
process.exitCode = 1;
main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(
      failure(process.argv[2] ?? '', message('plugin-error', { error: errorName(error) })),
    );
  },
);
