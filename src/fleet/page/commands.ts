import type { FleetDomain, FleetReport } from '../model/fleet';
import { commandsFor, nextCommands } from '../next-commands';
import { markup, section, type Markup } from './markup';

/** The commands to run next for one VM, on its host. */
export function commandsOf(vm: FleetDomain): Markup {
  const lines = commandsFor(vm).map((line) => markup`<li>${command(line)}</li>`);
  const unnamed = markup`
    <p>Its name cannot be typed: use its UUID, which <code>virsh list --uuid --name</code> prints.</p>`;
  return markup`
    <h4>Next, on <bdi>${vm.host}</bdi></h4>
    ${lines.length > 0 ? markup`<ul class="commands">${lines}</ul>` : unnamed}`;
}

/** The commands to run next for the whole fleet. */
export function commandsOfAll(report: FleetReport): Markup | undefined {
  const steps = nextCommands(report).map(
    ({ why, host, line }) => markup`
      <li>${why}${host === undefined ? undefined : markup`, on <bdi>${host}</bdi>`}<br />${command(line)}</li>`,
  );
  if (steps.length === 0) return undefined;
  return section('next', 'What to run next', markup`<ol class="steps">${steps}</ol>`);
}

/** A command; the script adds a button to copy it. */
function command(line: string): Markup {
  return markup`<code class="command">${line}</code>`;
}
