import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from './model/domain-xml';
import type { Settings } from '../config/settings';
import type { Unknown } from '../core/unknown';
import { isGone } from './hold-qemu';
import { jobOf } from './qmp-client';

/** Milliseconds between two looks at libvirt's status file, which is a read of a local file. */
const statusPollMs = 5;

/**
 * Waits until libvirt has ended the long job of a domain, or QEMU has ended and its job with it; bounded. `at`: when, by
 * `performance.now()`.
 */
export async function endOfJob(
  domain: Domain,
  { libvirt, migrate }: Settings,
): Promise<{ readonly at: number } | Unknown> {
  const until = performance.now() + migrate.destinationDeadline * 1000;
  for (;;) {
    const job = jobOf(libvirt.stateDirectory, domain.name);
    if (job === undefined || isGone(domain)) return { at: performance.now() };
    if (performance.now() > until)
      return typeof job === 'object' ? job : { unknown: `libvirt did not end its job (${job})` };
    await pause(statusPollMs);
  }
}
