import { GuardError } from '../core/errors';

/** @throws GuardError for what is no host name, and so could be taken for an option of ssh. */
export function validateHost(host: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host) || /^[0-9A-Fa-f:]+$/.test(host)) return host;
  throw new GuardError('usage', `${JSON.stringify(host)} is no host name`, 'give a name such as kvm2');
}
