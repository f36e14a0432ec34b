import { resumeOf } from '../hypervisor/model/guest-origin';
import { resetOf } from './model/judge';
import { GuardError } from '../core/errors';
import { reasonOf, type DomainReport } from '../core/finding';
import { Virsh } from '../hypervisor/virsh';
import { inspect } from './inspect';
import { reset, type ResetRequest } from './reset';
import { resetReport, resetResults, type ResetReport } from './reset-report';

/**
 * Resets every domain of this host that is not known to be healthy, one after the other; a report of each, and none
 * of a healthy one. One that is busy, refused or undecided is as it was, and says nothing of the next. After a
 * reset that went wrong no other is begun: what went wrong may do so with the next, too. Those are named.
 * @throws GuardError for what is no matter of one domain
 */
export async function* resetAll(options: ResetRequest): AsyncGenerator<ResetReport> {
  let wrong: ResetReport | undefined;
  const virsh = new Virsh(options.settings.libvirt.deadline * 1000, Infinity);
  for await (const found of inspect('all', options.settings)) {
    if (found.blockState === 'healthy') continue;
    if (!isForReset(found)) yield undecided(found);
    else if (wrong) yield notBegun(found, wrong);
    else {
      const report = await resetOne(found, { ...options, virsh });
      yield report;
      if (['failed', 'person'].includes(resetResults[report.result])) wrong = report;
    }
  }
}

/** Unknown may also be what a reset finds to be ill, proves to be healthy, or refuses; or what nobody could look at. */
function isForReset({ domain, blockState, findings }: DomainReport): boolean {
  const paths = [resetOf(domain), resumeOf(domain)];
  return blockState !== 'unknown' || findings.some(({ remedy = '' }) => paths.includes(remedy));
}

async function resetOne(found: DomainReport, options: ResetRequest): Promise<ResetReport> {
  try {
    return await reset(found.domain, options);
  } catch (error) {
    // Somebody else works on it, or it has ended since.
    if (!(error instanceof GuardError) || (error.code !== 'busy' && error.code !== 'undecided')) throw error;
    return resetReport(found, error.code, error.what, error.remedy);
  }
}

function undecided(found: DomainReport): ResetReport {
  const remedy = found.findings.find(({ state }) => state === 'unknown')?.remedy;
  return resetReport(found, 'undecided', reasonOf(found), remedy);
}

function notBegun(found: DomainReport, { domain, result }: ResetReport): ResetReport {
  const what = `not begun, because the reset of ${domain} ended with: ${result}`;
  return resetReport(found, 'refused', what, `look at ${domain} first, then: ${resetOf(found.domain)}`);
}
