import { GuardError } from '../core/errors';
import { parseMap, type LinkChange } from '../relink/model/link-map';
import { readNamedFile } from '../os/read-user-file';

/** The wishes in a file. @throws GuardError for a map that cannot be read or has mistakes, before anything is done. */
export function readMap(file: string): readonly LinkChange[] {
  const text = readNamedFile(file, `the map ${file}`, 'name a file of lines "link target"');
  const { changes, errors } = parseMap(text);
  if (errors.length === 0) return changes;
  const reported = errors.map(({ line, what }) => `line ${line}: ${what}`).join('; ');
  throw new GuardError('usage', `the map ${file} has mistakes: ${reported}`, 'mend them; nothing was done');
}
