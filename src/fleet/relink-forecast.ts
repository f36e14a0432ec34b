import { verdicts, type Verdict } from '../core/finding';
import { worstFirst, type FleetHost } from './model/fleet';
import type { LinkChange } from '../relink/model/link-map';
import { fromHosts, type Asking, type ReportedDomain } from './from-hosts';
import { findScope, type Wanted } from './scope';

/** A VM whose disks lie behind links that are to be re-pointed. Its report is of what would be. */
export type ConcernedDomain = ReportedDomain & { readonly now: Verdict };

export interface RelinkForecast {
  readonly hosts: readonly FleetHost[];
  /** Worst first; VMs that are not concerned are left out. */
  readonly domains: readonly ConcernedDomain[];
  readonly doubts: readonly string[];
}

/** What would become of the fleet if these links were re-pointed, and nothing else done. Nothing is changed. */
export async function beforeRelink(
  changes: readonly LinkChange[],
  options: Asking & Wanted,
): Promise<RelinkForecast> {
  const scope = await findScope(options, options.settings);
  const { hosts, domains } = await fromHosts(scope, { action: 'foresee', changes }, options);
  const concerned = domains.map((domain) => ({ ...domain, now: domain.now ?? domain.verdict }));
  return { hosts, domains: worstFirst(concerned) as ConcernedDomain[], doubts: scope.doubts };
}

/** Whether the change would make it worse. */
export function isHarmed({ verdict, now }: ConcernedDomain): boolean {
  return verdicts.indexOf(verdict) < verdicts.indexOf(now);
}
