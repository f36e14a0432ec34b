import { resumeOf } from '../hypervisor/model/guest-origin';
import { resetOf } from './model/judge';
import { GuardError } from '../core/errors';
import { reasonOf, shortReasonOf, type DomainReport } from '../core/finding';
import { message } from '../messages';
import { Virsh } from '../hypervisor/virsh';
import { inspect } from './inspect';
import { reset, type ResetRequest } from './reset';
import { resetReport, resetResults, type ResetReport } from './reset-report';

/**
 * Resets every domain of this host that is not known to be healthy, one after the other, and reports each. One that is
 * busy, refused or undecided is as it was, and the next is tried. After a reset that failed, or left a VM that needs a
 * person, no other is started, as the same may happen again; those are reported as refused.
 * @throws GuardError for errors that do not concern a single domain
 */
export async function* resetAll(options: ResetRequest): AsyncGenerator<ResetReport> {
  let wrong: ResetReport | undefined;
  const virsh = new Virsh(options.settings.libvirt.deadline * 1000, Infinity);
  for await (const found of inspect('all', options.settings)) {
    if (found.blockState === 'healthy') continue;
    if (!isForReset(found)) yield undecided(found);
    else if (wrong) yield notStarted(found, wrong);
    else {
      const report = await resetOne(found, { ...options, virsh });
      yield report;
      if (['failed', 'person'].includes(resetResults[report.result])) wrong = report;
    }
  }
}

/** An unknown block state may have a reset, or a resume, as its remedy; otherwise the domain could not be inspected. */
function isForReset({ domain, blockState, findings }: DomainReport): boolean {
  const remedies = [resetOf(domain), resumeOf(domain)];
  return blockState !== 'unknown' || findings.some(({ remedy = '' }) => remedies.includes(remedy));
}

async function resetOne(found: DomainReport, options: ResetRequest): Promise<ResetReport> {
  try {
    return await reset(found.domain, options);
  } catch (error) {
    // It is locked by another migrate-guard, or has ended since.
    if (!(error instanceof GuardError) || (error.code !== 'busy' && error.code !== 'undecided')) throw error;
    return resetReport(found, error.code, error);
  }
}

function undecided(found: DomainReport): ResetReport {
  const remedy = found.findings.find(({ state }) => state === 'unknown')?.remedy;
  return resetReport(found, 'undecided', { what: reasonOf(found), short: shortReasonOf(found), remedy });
}

function notStarted(found: DomainReport, { domain, result }: ResetReport): ResetReport {
  const reset = resetOf(found.domain);
  return resetReport(found, 'refused', message('reset-not-started', { domain, result, reset }));
}
