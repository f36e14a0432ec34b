import { describeAge, isAtRisk } from '../model/fleet';
import { verdicts } from '../../core/finding';
import { markup, section, type Markup } from './markup';
import type { TableRow } from './rows';
import { trouble } from './vm-details';
import { isAlarming, sign } from './labels';

/** One body per VM, so that sorting keeps its rows together. The script turns the headers into buttons. */
export function vmTable(rows: readonly TableRow[]): Markup {
  const table = markup`
    <table class="vms">
      <thead>
        <tr>
          <th scope="col">VM</th>
          <th scope="col">Name</th>
          <th scope="col">Host</th>
          <th scope="col" aria-sort="ascending">Verdict</th>
          <th scope="col">Disks in QEMU</th>
          <th scope="col">Checked</th>
        </tr>
      </thead>
      ${rows.map(body)}
    </table>`;
  return section('vms', 'All VMs', table);
}

function body({ vm, id, age }: TableRow): Markup {
  const { domain, name, host, verdict, blockState, affected, seen } = vm;
  const details = isAtRisk(vm) ? trouble(vm, id) : undefined;
  const state = isAlarming(blockState) ? markup`<strong>${sign(vm)} ${blockState}</strong>` : blockState;
  // The map links to the row of a VM that has no details.
  const own = details ? undefined : markup` id="${id}"`;
  return markup`
    <tbody data-verdict="${verdict}" data-state="${blockState}" data-host="${host}"${own}>
      <tr>
        <th scope="row">${details ? markup`<a href="#${id}"><bdi>${domain}</bdi></a>` : markup`<bdi>${domain}</bdi>`}</th>
        <td><bdi>${name ?? undefined}</bdi></td>
        <td><bdi>${host}</bdi></td>
        <td data-key="${verdicts.indexOf(verdict)}">${sign({ verdict, blockState: 'healthy' })} ${verdict}</td>
        <td>${state}${affected === 'yes' ? markup` <small>on an affected QEMU</small>` : undefined}</td>
        ${lookedAt(age, seen)}
      </tr>
      ${details ? markup`<tr><td colspan="6">${details}</td></tr>` : undefined}
    </tbody>`;
}

function lookedAt(age: number | null, seen: string | null): Markup {
  if (age === null || seen === null) return markup`<td data-key="${Number.MAX_SAFE_INTEGER}">never</td>`;
  return markup`<td data-key="${age}"><time datetime="${seen}" title="${seen}">${describeAge(age)} before</time></td>`;
}
