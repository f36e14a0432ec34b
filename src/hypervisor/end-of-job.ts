import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from './model/domain-xml';
import type { Settings } from '../config/settings';
import { unknownOf, type Unknown } from '../core/unknown';
import { message } from '../messages';
import { isGone } from './hold-qemu';
import { jobOf } from './qmp-client';

/** Between two reads of libvirt's status file, which is a local file. */
const statusPollMs = 5;

/**
 * Waits, for a bounded time, until libvirt has ended the long job of a domain, or its QEMU has ended. `at`: when that was,
 * by `performance.now()`.
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
      return typeof job === 'object' ? job : unknownOf(message('job-not-ended', { job }));
    await pause(statusPollMs);
  }
}
