import { child, type Element } from '../../core/element';

/**
 * libvirt's running long job of a domain (`migration out`, `save`, `snapshot`, `backup`, …), from its status XML;
 * `undefined` when there is none (src/conf/virdomainjob.c, virDomainAsyncJob). While one runs, libvirt makes other
 * commands wait.
 */
export function jobIn(status: Element): string | undefined {
  const job = child(status, 'job')?.attributes.get('async');
  return job === undefined || job === 'none' ? undefined : job;
}
