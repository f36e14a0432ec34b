import { countVerdicts } from './model/fleet';
import { isHarmed, type RelinkForecast } from './relink-forecast';
import { printable } from '../cli/escape';
import { titleOf } from '../cli/render-report';

/** The effect of re-pointing links on each VM, and how to do it without that effect. */
export function renderForecast({ domains, hosts, doubts }: RelinkForecast, links: number): string {
  const harmed = domains.filter(isHarmed);
  const lines = [
    `${links} links; behind them are disks of ${domains.length} VMs on ${new Set(domains.map(({ host }) => host)).size} hosts`,
    ...doubts.map((doubt) => `not known: ${doubt}`),
  ];
  for (const { trouble } of hosts) if (trouble) lines.push(trouble.what, `  -> ${trouble.remedy}`);
  for (const vm of domains) {
    const { host, now, verdict, reason } = vm;
    if (verdict === 'safe') continue;
    lines.push(`${verdict === now ? '' : `${now} -> `}${verdict}: ${titleOf(vm)} on ${host}: ${reason}`);
  }
  const counts = countVerdicts(harmed);
  if (counts.repairable > 0) {
    lines.push(
      `${counts.repairable} would no longer be able to migrate until they are repaired`,
      '  -> on each host: migrate-guard relink --map MAP, which makes the new path of each disk before it re-points a link',
    );
  }
  if (counts.blocked > 0)
    lines.push(
      `${counts.blocked} would get another disk than they have open, or none`,
      '  -> correct the map',
    );
  if (harmed.length === 0 && domains.length > 0) lines.push('no VM would be worse off');
  return `${lines.map(printable).join('\n')}\n`;
}
