import { inOrder, type FleetDomain, type FleetReport } from '../../core/fleet';
import { markup, type Markup } from './markup';
import { isAlarming } from './words';

/** Words that every shell takes as they are, so that what is copied from the page is one word there, too. */
const plainWord = /^[A-Za-z0-9_][A-Za-z0-9_.:@+-]*$/;

/** What to run next for one VM, on its host. */
export function commandsFor(vm: FleetDomain): Markup {
  const lines = [
    ...(isAlarming(vm.blockState) ? [`reset ${vm.domain}`] : []),
    ...(isRepairable(vm) ? [`repair ${vm.domain} --dry-run`, `repair ${vm.domain}`] : []),
    ...(vm.verdict === 'undecided' ? [`check ${vm.domain} --deep`] : []),
    `explain ${vm.domain}`,
  ];
  const list = markup`<ul class="commands">${lines.map((line) => item(`migrate-guard ${line}`))}</ul>`;
  const unnamed = markup`
    <p>Its name is none to type: name it by its UUID, which <code>virsh list --uuid --name</code> tells.</p>`;
  return markup`<h4>Next, on <bdi>${vm.host}</bdi></h4>${plainWord.test(vm.domain) ? list : unnamed}`;
}

/** What to run next for the whole fleet, the most urgent first. */
export function nextCommands({ domains, source }: FleetReport): Markup | undefined {
  const known = domains.filter(({ domain, host }) => plainWord.test(domain) && plainWord.test(host));
  const isHere = source === 'here';
  const perHost = (vms: readonly FleetDomain[], line: (names: readonly string[]) => string): Markup[] =>
    hostsOf(vms).map((host) => {
      const names = vms.filter((vm) => vm.host === host).map(({ domain }) => domain);
      return item(line(names), isHere ? undefined : host);
    });
  const inState = (state: FleetDomain['blockState']): FleetDomain[] =>
    known.filter(({ blockState }) => blockState === state);

  const repairable = known.filter(isRepairable);
  const repair = `migrate-guard repair --all${isHere ? '' : ` --hosts ${hostsOf(repairable).join(',')}`}`;
  const undecided = known.filter(({ verdict }) => verdict === 'undecided');
  const steps = [
    step('Give half-inactive VMs their disks back, at once', perHost(inState('half-inactive'), resetEach)),
    step('Give stuck VMs their disks back', perHost(inState('stuck'), resetEach)),
    step(
      'Make the links that are missing',
      repairable.length > 0 ? [item(`${repair} --dry-run`), item(repair)] : [],
    ),
    step(
      'Look closer at what is undecided',
      perHost(undecided, () => 'migrate-guard check --all --deep'),
    ),
  ].filter((made) => made !== undefined);
  if (steps.length === 0) return undefined;
  return markup`
    <section aria-labelledby="next">
      <h2 id="next">What to run next</h2>
      <ol class="steps">${steps}</ol>
    </section>`;
}

function isRepairable({ verdict, plan }: FleetDomain): boolean {
  return verdict === 'repairable' || plan.length > 0;
}

function step(title: string, lines: readonly Markup[]): Markup | undefined {
  return lines.length > 0 ? markup`<li>${title}<ul class="commands">${lines}</ul></li>` : undefined;
}

/** One line to run; the script offers to copy it. */
function item(line: string, host?: string): Markup {
  const where = host === undefined ? undefined : markup`<span class="where">on ${host}</span> `;
  return markup`<li>${where}<code class="command">${line}</code></li>`;
}

function resetEach(names: readonly string[]): string {
  return names.length === 1
    ? `migrate-guard reset ${names.join('')}`
    : `for vm in ${names.join(' ')}; do migrate-guard reset "$vm"; done`;
}

function hostsOf(vms: readonly FleetDomain[]): string[] {
  return [...new Set(vms.map(({ host }) => host))].sort(inOrder);
}
