import type { LinkEntry, View } from './entry';
import { failureOf, type Failure } from '../../core/errors';
import type { ResolvedPath } from './walk';
import { describeFailure } from './describe-hops';

/** The same tree, in which these links (by their paths) point to those targets; what is no link there stays as it is. */
export function withLinks(view: View, links: ReadonlyMap<string, string>): View {
  return (path) => {
    const entry = view(path);
    const target = links.get(path);
    return target !== undefined && entry.kind === 'link' ? { ...entry, target } : entry;
  };
}

/** A link as it is on the host: where it really stands, and where it points. */
export interface FoundLink {
  readonly path: string;
  readonly entry: LinkEntry;
}

/** The path of a link below the directory to which the walk of its directory led, or why there is none. */
export function linkBelow(link: string, directory: ResolvedPath): string | Failure {
  const why = describeFailure(directory);
  if (why !== undefined || directory.end.kind !== 'found')
    return failureOf('problem', `${why ?? link} on the host`);
  return `${directory.end.path === '/' ? '' : directory.end.path}/${nameOf(link)}`;
}

/** The directory of a link, as a path that follows whatever links lead to it; `undefined` of what is no name of a link. */
export function directoryOf(link: string): string | undefined {
  return ['', '.', '..'].includes(nameOf(link)) ? undefined : link.slice(0, link.lastIndexOf('/') + 1);
}

function nameOf(link: string): string {
  return link.slice(link.lastIndexOf('/') + 1);
}
