import type { Domain } from '../hypervisor/model/domain-xml';
import { isUnknown } from '../core/unknown';
import { withDomainLock } from '../hypervisor/domain-lock';
import { errorOfNotHeld, holdQemu } from '../hypervisor/hold-qemu';
import { Destination } from '../destination/destination';
import { findDomain } from '../hypervisor/find-domains';
import { ResetSession, type ResetOptions } from './reset-session';
import { resetReport, type ResetReport } from './reset-report';

/** As on the command line and in a request of the front-end: the destination is a host name. */
export type ResetRequest = Omit<ResetOptions, 'destination'> & { readonly destination?: string | undefined };

/** Resets the block state of one domain, under its lock. @throws GuardError `busy` */
export async function reset(
  word: string,
  { destination: host, ...options }: ResetRequest,
): Promise<ResetReport> {
  const domain = await findDomain(word, options.settings);
  const destination = host === undefined ? undefined : new Destination(host, options.settings);
  try {
    return await resetUnderLock(domain, { ...options, destination });
  } finally {
    destination?.end();
  }
}

function resetUnderLock(domain: Domain, options: ResetOptions): Promise<ResetReport> {
  // A dry run changes nothing, and needs no lock.
  return options.dryRun
    ? resetLocked(domain, options)
    : withDomainLock(domain.name, () => resetLocked(domain, options));
}

/** The same for a caller that holds the domain's lock already. */
export async function resetLocked(domain: Domain, options: ResetOptions): Promise<ResetReport> {
  const held = holdQemu(domain);
  if (isUnknown(held)) {
    const error = errorOfNotHeld(held, domain);
    if (!held.isForeign) throw error;
    return resetReport({ domain: domain.name, blockState: 'unknown' }, 'refused', error);
  }
  try {
    return await new ResetSession(domain, held, options).run();
  } finally {
    held.close();
  }
}
