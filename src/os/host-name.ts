import { GuardError } from '../core/errors';

/** In characters: of a name in the DNS (RFC 1035), as text. */
const maxNameChars = 253;

/** @throws GuardError for what is no host name, and so could be taken for an option of ssh. */
export function validateHost(host: string): string {
  const isName = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) || /^[0-9A-Fa-f:]+$/.test(host);
  if (isName && host.length <= maxNameChars) return host;
  const what = `${JSON.stringify(host.slice(0, maxNameChars))} is no host name`;
  throw new GuardError('usage', what, 'give a name such as kvm2');
}
