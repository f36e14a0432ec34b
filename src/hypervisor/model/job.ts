import { child, children, type Element } from '../../core/element';

/**
 * libvirt's running long job of a domain (`migration out`, `save`, `snapshot`, `backup`, …), from its status XML;
 * `undefined` when there is none (src/conf/virdomainjob.c, virDomainAsyncJob). While one runs, libvirt makes other
 * commands wait.
 */
export function jobIn(status: Element): string | undefined {
  const job = child(status, 'job')?.attributes.get('async');
  return job === undefined || job === 'none' ? undefined : job;
}

/** A job of QEMU on one disk: what libvirt calls its type, and the target name of the disk, where the document has them. */
export interface BlockJob {
  readonly type: string;
  readonly disk: string;
}

/**
 * The block job for which libvirt refuses to migrate or save the domain (src/qemu/qemu_migration.c,
 * qemuMigrationSrcIsAllowed; `active` is its own qemuDomainHasBlockjob).
 */
export function blockJobIn(status: Element): BlockJob | undefined {
  const jobs = child(status, 'blockjobs');
  if (jobs?.attributes.get('active') !== 'yes') return undefined;
  const found = children(jobs, 'blockjob').find((job) => child(job, 'disk') !== undefined);
  return {
    type: found?.attributes.get('type') ?? '?',
    disk: child(found, 'disk')?.attributes.get('dst') ?? '?',
  };
}
