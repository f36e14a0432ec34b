import { inOrder, type FleetHost, type FleetReport } from '../model/fleet';
import { titleOf } from '../../cli/render-report';
import { markup, section, type Markup } from './markup';
import type { TableRow } from './rows';
import { count, inWords, legend, sign, signOf } from './labels';

/** Hosts × VMs: a row per host, a small cell per VM. */
export function fleetMap({ hosts }: FleetReport, rows: readonly TableRow[]): Markup {
  const machines = new Map(hosts.map((host) => [host.host, host]));
  for (const { vm } of rows) {
    if (!machines.has(vm.host)) machines.set(vm.host, { host: vm.host, cluster: null });
  }
  const clusters = [...new Set([...machines.values()].map(({ cluster }) => cluster))];
  const groups = clusters.map((cluster) => {
    const own = [...machines.values()].filter((host) => host.cluster === cluster);
    own.sort((one, other) => inOrder(one.host, other.host));
    const title = clusters.length === 1 && cluster === null ? undefined : (cluster ?? 'unknown cluster');
    return markup`
      ${title === undefined ? undefined : markup`<h3>${title}</h3>`}
      <ul class="hosts">${own.map((host) => hostRow(host, rows))}</ul>`;
  });
  return section('map', 'Hosts and their VMs', markup`${explained()}<div class="map">${groups}</div>`);
}

function hostRow({ host, trouble }: FleetHost, rows: readonly TableRow[]): Markup {
  const here = rows.filter(({ vm }) => vm.host === host);
  return markup`
    <li>
      <h4>
        <bdi>${host}</bdi> <small>${count(here.length, 'VM')}</small>
        ${trouble ? markup`<small class="silent" title="${trouble.what}">not everything is known</small>` : undefined}
      </h4>
      <div class="cells">${here.map(cell)}</div>
    </li>`;
}

function cell({ id, vm }: TableRow): Markup {
  const { letter, classes } = signOf(vm);
  const label = `${titleOf(vm)}: ${inWords(vm)}`;
  const title = vm.reason === '' ? label : `${label}: ${vm.reason}`;
  return markup`<a class="${classes}" href="#${id}" title="${title}" aria-label="${label}">${letter}</a>`;
}

function explained(): Markup {
  const items = legend.map((entry) => markup`<li>${sign(entry)} <b>${entry.name}</b>: ${entry.means}</li>`);
  return markup`
    <details class="legend">
      <summary>Legend</summary>
      <ul>${items}</ul>
    </details>`;
}
