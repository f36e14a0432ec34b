import type { Finding } from '../core/finding';
import type { Message } from '../messages/message';

/** Makes the findings of one check; `path`: what it looks at. */
export function findingOf(check: string, path?: string) {
  return (state: Finding['state'], what: string | Message, remedy?: string): Finding => ({
    ...{ check, state, ...(path === undefined ? {} : { path }) },
    ...(typeof what === 'object' ? what : { what }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}
