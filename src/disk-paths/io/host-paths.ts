import { failureOf, type Failure } from '../../core/errors';
import { directoryOf, linkBelow, type FoundLink } from '../../file-tree/model/found-link';
import type { ResolvedPath } from '../../file-tree/model/walk';
import { describeFailure, describeKind } from '../../file-tree/model/describe-hops';
import { message } from '../../messages';
import { PathReaders } from '../../file-tree/path-reader/path-readers';
import { resolvedPathOf, type WhereLinksPoint } from './read-paths';

/** Resolves paths of the host with our own credentials, in a child process, because storage may hang. */
export class HostPaths {
  private readonly readers = new PathReaders();

  /** The paths, resolved, in their order. `links`: links to be followed as if they had these targets. */
  async resolve(paths: readonly string[], links: WhereLinksPoint = new Map()): Promise<ResolvedPath[]> {
    const questions = paths.map((path) => ({ root: 0, path, links: [...links] }));
    const answers = await this.readers.read('root', questions);
    return paths.map((path, index) => resolvedPathOf(answers[index], path));
  }

  /** Finds each link in the directory that its path resolves to, in the order of the links. */
  async findLinks(links: readonly string[]): Promise<(FoundLink | Failure)[]> {
    const directories = await this.resolve(links.map((link) => directoryOf(link) ?? '/'));
    const paths = links.map((link, index) => {
      const directory = directories[index];
      if (directoryOf(link) === undefined || !directory)
        return failureOf('problem', message('not-a-link-name', { link }));
      return linkBelow(link, directory);
    });
    const resolved = await this.resolve(paths.map((path) => (typeof path === 'string' ? path : '/')));
    return paths.map((path, index) => (typeof path === 'string' ? linkAt(path, resolved[index]) : path));
  }

  end(): void {
    this.readers.end();
  }
}

function linkAt(path: string, resolved: ResolvedPath | undefined): FoundLink | Failure {
  const entry = resolved?.hops.find((hop) => hop.path === path)?.entry;
  if (entry?.kind === 'link') return { path, entry };
  if (entry) return failureOf('problem', message('not-a-link-on-host', { path, kind: describeKind(entry) }));
  const failure = (resolved && describeFailure(resolved)) ?? path;
  return failureOf('problem', message('failure-on-host', { failure }));
}
