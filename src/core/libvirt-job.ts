import type { Unknown } from './facts';
import { child, parseXml, XmlError } from './xml';

/**
 * The long job that libvirt has under way for a domain (`migration out`, `save`, `snapshot`, `backup`, …), as
 * its status XML tells; `undefined` when there is none (src/conf/virdomainjob.c, virDomainAsyncJob). While one
 * runs, libvirt lets other orders wait.
 */
export function parseJob(statusXml: string): string | undefined | Unknown {
  try {
    const job = child(parseXml(statusXml), 'job')?.attributes.get('async');
    return job === undefined || job === 'none' ? undefined : job;
  } catch (error) {
    if (error instanceof XmlError) return { unknown: `libvirt's status XML is broken: ${error.message}` };
    throw error;
  }
}
