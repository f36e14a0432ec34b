import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const unit = join(__dirname, '../../config/migrate-guard-watch.service');

/** The words before a command that give it the capabilities that the unit leaves to the watcher. */
export function asService(): [string, ...string[]] {
  const [, names = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(readFileSync(unit, 'utf8')) ?? [];
  const set = names.split(' ').map((name) => `+${name.slice('CAP_'.length).toLowerCase()}`);
  return ['setpriv', '--no-new-privs', `--bounding-set=-all,${set.join(',')}`, '--'];
}
