import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { recordDirectory } from '../opennebula/record-file';
import type { DriverPlace } from './script-call';

const defaultRemoteScripts = '/var/tmp/one';

/**
 * Where a driver script runs, by the directory `remotes/` that contains it: the one in OpenNebula's own directory is the
 * front-end's, anything else is the copy that `onehost sync` made on a host.
 */
export function placeOf(scripts: string, environment: Readonly<NodeJS.ProcessEnv>): DriverPlace {
  const oneLocation = environment['ONE_LOCATION'];
  const script = environment['MIGRATE_GUARD_SCRIPT'];
  const variable = oneLocation ? join(oneLocation, 'var') : '/var/lib/one';
  // OpenNebula's directory may be a link to a larger disk.
  if (real(scripts) !== real(join(variable, 'remotes')))
    return { runs: 'host', scripts, remoteScripts: scripts, script };
  const remoteScripts = remoteScriptsOf(join(variable, 'config'));
  return { runs: 'frontend', scripts, remoteScripts, script, records: recordDirectory(environment) };
}

/** oned writes its configuration to a file for its drivers (DriverExecHelper.rb, read_configuration). */
function remoteScriptsOf(file: string): string {
  try {
    const named = /^SCRIPTS_REMOTE_DIR=(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.replaceAll(/['"]/g, '');
    return named?.trim() || defaultRemoteScripts;
  } catch {
    return defaultRemoteScripts;
  }
}

function real(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return directory;
  }
}
