import { failureOf, type Failure } from '../../core/errors';
import { message } from '../../messages';
import { describeFailure } from './describe-hops';
import type { LinkEntry } from './entry';
import type { ResolvedPath } from './walk';

/** A link of the host, at the path of the directory in which it really lies. */
export interface FoundLink {
  readonly path: string;
  readonly entry: LinkEntry;
}

/** The path of a link in the directory that `directory` resolves to, or why it has none. */
export function linkBelow(link: string, directory: ResolvedPath): string | Failure {
  const failure = describeFailure(directory);
  if (failure) return failureOf('problem', message('failure-on-host', { failure }));
  return `${directory.end.path === '/' ? '' : directory.end.path}/${nameOf(link)}`;
}

/** The path of a link's directory, still unresolved; `undefined` of a path that cannot be a link's. */
export function directoryOf(link: string): string | undefined {
  return ['', '.', '..'].includes(nameOf(link)) ? undefined : link.slice(0, link.lastIndexOf('/') + 1);
}

function nameOf(link: string): string {
  return link.slice(link.lastIndexOf('/') + 1);
}
