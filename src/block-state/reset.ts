import type { Domain } from '../hypervisor/model/domain-xml';
import { isUnknown } from '../core/unknown';
import { withDomainLock } from '../hypervisor/domain-lock';
import { errorOfNotHeld, holdQemu } from '../hypervisor/hold-qemu';
import { Destination } from '../destination/destination';
import { findDomain } from '../hypervisor/find-domains';
import { ResetSession, type ResetOptions } from './reset-course';
import { resetReport, type ResetReport } from './reset-report';

/** As a person or the front-end asks for it: the destination by its name. */
export type ResetRequest = Omit<ResetOptions, 'destination'> & { readonly destination?: string | undefined };

/** Heals the block state of one domain, as the only one who works on it. @throws GuardError `busy` */
export async function reset(
  word: string,
  { destination: host, ...options }: ResetRequest,
): Promise<ResetReport> {
  const domain = await findDomain(word, options.settings);
  const destination = host === undefined ? undefined : new Destination(host, options.settings);
  try {
    return await resetAlone(domain, { ...options, destination });
  } finally {
    destination?.end();
  }
}

function resetAlone(domain: Domain, options: ResetOptions): Promise<ResetReport> {
  // A dry run only looks, and may look at what another does.
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
    const { what, remedy } = error;
    return resetReport({ domain: domain.name, blockState: 'unknown' }, 'refused', what, remedy);
  }
  try {
    return await new ResetSession(domain, held, options).run();
  } finally {
    held.close();
  }
}
