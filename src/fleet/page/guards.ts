import type { FleetReport } from '../model/fleet';
import { describeGuardsNotRun } from '../../opennebula/model/guards-not-run';
import { type Markup, markup, section, signs } from './markup';

/** The hosts on which VMs were moved without the guard, or not at all. */
export function guards({ guardsNotRun = [] }: FleetReport): Markup | undefined {
  if (guardsNotRun.length === 0) return undefined;
  const items = guardsNotRun.map((one) => {
    const { what, remedy } = describeGuardsNotRun(one);
    return markup`<li>${what}<p class="remedy">${signs.arrow} ${remedy}</p></li>`;
  });
  return section('guards', 'Guards that could not run', markup`<ul>${items}</ul>`, 'unknowns');
}
