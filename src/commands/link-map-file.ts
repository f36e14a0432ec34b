import { GuardError } from '../core/errors';
import { parseMap, type LinkChange } from '../relink/model/link-map';
import { message, textOf } from '../messages';
import { readNamedFile } from '../os/read-named-file';

/** The changes in a file. @throws GuardError for a map that cannot be read or has mistakes */
export function readMap(file: string): readonly LinkChange[] {
  const text = readNamedFile(file, textOf('map-file', { file }), textOf('name-map-file'));
  const { changes, errors } = parseMap(text);
  if (errors.length === 0) return changes;
  const mistakes = errors.map(({ line, what }) => textOf('map-line', { line, problem: what })).join('; ');
  throw new GuardError('usage', message('map-wrong', { file, mistakes }));
}
