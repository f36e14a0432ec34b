import { child, type Element } from '../../core/element';

/**
 * The long job that libvirt has under way for a domain (`migration out`, `save`, `snapshot`, `backup`, …), as
 * its status XML tells; `undefined` when there is none (src/conf/virdomainjob.c, virDomainAsyncJob). While one
 * runs, libvirt lets other orders wait.
 */
export function jobIn(status: Element): string | undefined {
  const job = child(status, 'job')?.attributes.get('async');
  return job === undefined || job === 'none' ? undefined : job;
}
