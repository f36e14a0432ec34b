import type { Finding } from '../../core/finding';
import type { FleetDomain } from '../model/fleet';
import { renderStep } from '../../cli/render-report';
import { commandsOf } from './commands';
import { type Markup, markup, signs } from './markup';
import { viewsOf } from './path-comparison';

/** All that is known of a VM at risk: findings, both views, the plan, the commands. */
export function trouble(vm: FleetDomain, id: string): Markup {
  const shown = vm.findings.filter(({ state, note }) => state !== 'ok' || note);
  const reason = vm.reason === '' ? (shown[0]?.what ?? 'no reason was reported') : vm.reason;
  // The link target is inside `<details>`: a browser opens them for it, also without a script.
  return markup`
    <details>
      <summary>${reason}</summary>
      <div class="trouble" id="${id}">${findings(shown)}${viewsOf(vm.findings)}${plan(vm)}${commandsOf(vm)}</div>
    </details>`;
}

function findings(shown: readonly Finding[]): Markup | undefined {
  if (shown.length === 0) return undefined;
  return markup`<h4>What was found</h4><ul class="findings">${shown.map(finding)}</ul>`;
}

function finding({ check, state, note, disk, path, what, remedy }: Finding): Markup {
  return markup`
    <li>
      <span class="state">${note ? 'note' : state}</span> <b>${disk ?? check}</b>
      ${path === undefined ? undefined : markup` <code>${path}</code>`}
      <p>${what}</p>
      ${remedy === undefined ? undefined : markup`<p class="remedy">${signs.arrow} ${remedy}</p>`}
    </li>`;
}

function plan({ plan: steps }: FleetDomain): Markup | undefined {
  if (steps.length === 0) return undefined;
  const items = steps.map((step) => markup`<li><code>${renderStep(step)}</code></li>`);
  return markup`<h4>What a repair would do, in QEMU's mount namespace</h4><ol class="plan">${items}</ol>`;
}
