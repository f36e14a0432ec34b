import { versionNumber } from '../cli/version';
import { errorName } from '../core/errors';
import { message } from '../messages';
import { failure } from '../opennebula/model/vm-log';
import { readInput } from '../os/whole-input';
import { plugins, isPlugin } from '../plugin';
import { placeOf } from '../plugin/script-location';

/**
 * What OpenNebula starts: `plugin.cjs NAME ARGUMENT…`, from the scripts in remotes/ that bear these names. What it
 * prints and how it ends is the script's.
 */
async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if (!isPlugin(name)) {
    process.stderr.write(
      `migrate-guard: ${JSON.stringify(name)} is none of ${Object.keys(plugins).join(', ')}.\n`,
    );
    return 64;
  }
  const place = placeOf(__filename, process.env);
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

// Node ends when nothing is left to wait for: that must never pass for a success.
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
