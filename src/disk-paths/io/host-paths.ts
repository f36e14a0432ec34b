import { describeKind } from '../../file-tree/model/entry';
import { failureOf, type Failure } from '../../core/errors';
import { directoryOf, linkBelow, type FoundLink } from '../../file-tree/model/link-change';
import type { ResolvedPath } from '../../file-tree/model/walk';
import { describeFailure } from '../../file-tree/model/describe-hops';
import { PathReaders } from '../../file-tree/path-reader/path-readers';
import { walkOf, type WhereLinksPoint } from './read-paths';

/** Looks at paths of the host with our own credentials, in a child: storage that hangs holds nobody. */
export class HostPaths {
  private readonly readers = new PathReaders();

  /** In the order of the paths; `links`: as if they pointed there. */
  async walks(paths: readonly string[], links: WhereLinksPoint = new Map()): Promise<ResolvedPath[]> {
    const questions = paths.map((path) => ({ root: 0, path, links: [...links] }));
    const answers = await this.readers.read('root', questions);
    return paths.map((path, index) => walkOf(answers[index], path));
  }

  /** Finds each link itself behind whatever links its directory's path has; the answers stand in their order. */
  async findLinks(links: readonly string[]): Promise<(FoundLink | Failure)[]> {
    const directories = await this.walks(links.map((link) => directoryOf(link) ?? '/'));
    const paths = links.map((link, index) => {
      const directory = directories[index];
      if (directoryOf(link) === undefined || !directory)
        return failureOf('problem', `${link} is no name of a link`);
      return linkBelow(link, directory);
    });
    const walks = await this.walks(paths.map((path) => (typeof path === 'string' ? path : '/')));
    return paths.map((path, index) => (typeof path === 'string' ? linkAt(path, walks[index]) : path));
  }

  end(): void {
    this.readers.end();
  }
}

function linkAt(path: string, resolved: ResolvedPath | undefined): FoundLink | Failure {
  const entry = resolved?.hops.find((hop) => hop.path === path)?.entry;
  if (!entry) return failureOf('problem', `${(resolved && describeFailure(resolved)) ?? path} on the host`);
  return entry.kind === 'link'
    ? { path, entry }
    : failureOf('problem', `${path} is ${describeKind(entry)} on the host, not a link`);
}
