import { verdicts } from '../../core/finding';
import { inOrder, type FleetReport } from '../model/fleet';
import { markup, type Markup } from './markup';
import { alarmingStates } from './labels';

/** Search and filters, for map and table alike. Hidden until the script that runs them has started. */
export function finder({ hosts, domains }: FleetReport): Markup {
  const names = [...new Set([...hosts, ...domains].map(({ host }) => host))].sort(inOrder);
  return markup`
    <form class="finder" role="search" id="finder" hidden="">
      <label>Find <input type="search" name="text" placeholder="VM, host, path, reason" autocomplete="off" /></label>
      <label>Verdict <select name="verdict">
        <option value="">all</option>
        <option value="at-risk">at risk</option>
        ${options([...verdicts, ...alarmingStates])}
      </select></label>
      <label>Host <select name="host"><option value="">all</option>${options(names)}</select></label>
      <output name="found"></output>
    </form>`;
}

function options(values: readonly string[]): Markup[] {
  return values.map((value) => markup`<option value="${value}">${value}</option>`);
}
