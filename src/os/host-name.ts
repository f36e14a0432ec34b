import { GuardError } from '../core/errors';
import { message } from '../messages';

/** Of a name in the DNS, as text (RFC 1035). */
const maxNameChars = 253;

/** @throws GuardError for a word that is not a host name, which ssh could take for an option. */
export function validateHost(host: string): string {
  const isName = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) || /^[0-9A-Fa-f:]+$/.test(host);
  if (isName && host.length <= maxNameChars) return host;
  const values = { host: JSON.stringify(host.slice(0, maxNameChars)) };
  throw new GuardError('usage', message('not-a-host-name', values));
}
