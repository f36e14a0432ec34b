import type { Finding } from '../core/finding';

/** Makes the findings of one check; `path`: what it looks at. */
export function findingOf(check: string, path?: string) {
  return (state: Finding['state'], what: string, remedy?: string): Finding => ({
    ...{ check, state, ...(path === undefined ? {} : { path }), what },
    ...(remedy === undefined ? {} : { remedy }),
  });
}
