import type { ResolvedPath } from '../../file-tree/model/walk';

/**
 * Which domains use which elements of the host's paths: the directories that a disk's path enters, the links that it
 * follows, its end, and, of a path that leads nowhere, the element that is missing. A change of any of them can change
 * where the path leads.
 */
export class PathUsers {
  private readonly elements = new Map<string, readonly string[]>();
  /** Domains by element, the elements by the directory that has them. */
  private readonly byDirectory = new Map<string, Map<string, Set<string>>>();

  /** @returns whether some element is new for the domain: a change of it may have been missed until now */
  set(domain: string, paths: readonly ResolvedPath[]): boolean {
    const before = new Set(this.elements.get(domain));
    this.remove(domain);
    const elements = [...new Set(paths.flatMap(({ hops }) => hops.map(({ path }) => path)))];
    this.elements.set(domain, elements);
    for (const element of elements) {
      const directory = parentOf(element);
      const known = this.byDirectory.get(directory) ?? new Map<string, Set<string>>();
      this.byDirectory.set(directory, known);
      known.set(element, (known.get(element) ?? new Set()).add(domain));
    }
    return elements.some((element) => !before.has(element));
  }

  remove(domain: string): void {
    for (const element of this.elements.get(domain) ?? []) {
      const directory = parentOf(element);
      const known = this.byDirectory.get(directory);
      const users = known?.get(element);
      users?.delete(domain);
      if (users?.size === 0) known?.delete(element);
      if (known?.size === 0) this.byDirectory.delete(directory);
    }
    this.elements.delete(domain);
  }

  /** The directories that have an element of some path. */
  directories(): readonly string[] {
    return [...this.byDirectory.keys()];
  }

  /** The elements in a directory. */
  elementsIn(directory: string): readonly string[] {
    return [...(this.byDirectory.get(directory)?.keys() ?? [])];
  }

  /** The domains with a path that has an element in this directory. */
  usersIn(directory: string): readonly string[] {
    return [
      ...new Set([...(this.byDirectory.get(directory)?.values() ?? [])].flatMap((users) => [...users])),
    ];
  }

  /** The domains with a path that has this element; the root directory is one of all. */
  usersOf(element: string): readonly string[] {
    if (element === '/') return [...this.elements.keys()];
    return [...(this.byDirectory.get(parentOf(element))?.get(element) ?? [])];
  }
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
