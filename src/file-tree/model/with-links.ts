import type { View } from './entry';

/** The same tree, in which the links at these paths have these targets; a path that is not a link stays as it is. */
export function withLinks(view: View, links: ReadonlyMap<string, string>): View {
  return (path) => {
    const entry = view(path);
    const target = links.get(path);
    return target !== undefined && entry.kind === 'link' ? { ...entry, target } : entry;
  };
}
