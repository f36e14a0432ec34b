import { blockStateCheck, resetOf } from '../../block-state/model/judge';
import type { Settings } from '../../config/settings';
import type { Reason } from '../../core/errors';
import type { DomainReport, Finding } from '../../core/finding';
import type { Strategy } from '../../core/remedy-name';
import type { Domain } from '../../hypervisor/model/domain-xml';

/** Those that stop nothing, not for a moment, in the order of the configuration. */
export function watcherStrategies(configured: readonly Strategy[]): readonly Strategy[] {
  return configured.filter((strategy) => strategy === 'cont' || strategy === 'memory');
}

/** Whether QEMU is to be given its disks back: it lacks them, that is wanted, and libvirt is not at work on the domain. */
export function mayGiveBack(
  report: DomainReport,
  { job }: Pick<Domain, 'job'>,
  { watch }: Pick<Settings, 'watch'>,
): boolean {
  return watch.repair && job === undefined && lacksDisks(report);
}

/**
 * Whether QEMU does not have its disks, or may not have them. Where a guest may wait for its resume, that is the remedy, and
 * no reset.
 */
function lacksDisks({ domain, blockState, findings }: DomainReport): boolean {
  if (blockState !== 'unknown') return blockState === 'stuck' || blockState === 'half-inactive';
  const remedy = resetOf(domain);
  return findings.some((finding) => finding.check === blockStateCheck && finding.remedy === remedy);
}

/** The report with the reason why QEMU was not given its disks back. */
export function withReason(report: DomainReport, { what, short, remedy }: Reason): DomainReport {
  const finding: Finding = {
    check: 'reset',
    state: report.blockState === 'unknown' ? 'unknown' : 'problem',
    what,
    ...(short === undefined ? {} : { short }),
    ...(remedy === undefined ? {} : { remedy }),
  };
  return { ...report, findings: [finding, ...report.findings] };
}
