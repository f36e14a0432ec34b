import { verdicts, type Verdict } from '../core/finding';
import { worstFirst, type FleetHost } from './model/fleet';
import type { LinkChange } from '../relink/model/link-map';
import { fromHosts, type Asking, type ReportedDomain } from './from-hosts';
import { findScope, type Wanted } from './scope';

/** A VM whose disks lie behind links that are to be re-pointed. Its report is the forecast. */
export type AffectedDomain = ReportedDomain & { readonly now: Verdict };

export interface RelinkForecast {
  readonly hosts: readonly FleetHost[];
  /** Affected VMs, worst first. */
  readonly domains: readonly AffectedDomain[];
  readonly doubts: readonly string[];
}

/** Forecasts the state of the fleet if these links were re-pointed, and nothing else done. Nothing is changed. */
export async function forecastFleet(
  changes: readonly LinkChange[],
  options: Asking & Wanted,
): Promise<RelinkForecast> {
  const scope = await findScope(options, options.settings);
  const { hosts, domains } = await fromHosts(scope, { action: 'foresee', changes }, options);
  const affected = domains.map((domain) => ({ ...domain, now: domain.now ?? domain.verdict }));
  return { hosts, domains: worstFirst(affected) as AffectedDomain[], doubts: scope.doubts };
}

/** Whether the change would make the VM's state worse. */
export function isHarmed({ verdict, now }: AffectedDomain): boolean {
  return verdicts.indexOf(verdict) < verdicts.indexOf(now);
}
