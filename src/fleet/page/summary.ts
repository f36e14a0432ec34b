import { countVerdicts, describeAffected, describeAge, isAtRisk, type FleetReport } from '../model/fleet';
import { verdicts } from '../../core/finding';
import { titleOf } from '../../cli/render-report';
import { type Markup, markup, section, signs } from './markup';
import type { TableRow } from './rows';
import { alarmingStates, count, sign, type VmStatus } from './labels';

const sources = {
  monitoring: "by the reports of OpenNebula's collectors",
  hosts: 'by asking the hosts',
  here: 'on this host alone',
} as const;

export function headline({ domains, hosts, doubts }: FleetReport): string {
  const atRisk = domains.filter(isAtRisk).length;
  if (atRisk > 0) return `${atRisk} of ${count(domains.length, 'VM')} cannot be moved safely`;
  const isUnsure = doubts.length > 0 || hosts.some(({ trouble }) => trouble !== undefined);
  if (isUnsure) return 'No VM is known to be at risk, but not everything is known';
  if (domains.length === 0) return 'No VM runs here';
  return domains.length === 1 ? 'The only VM can be moved' : `All ${domains.length} VMs can be moved`;
}

/** Time, source and totals of the audit. */
export function summary(report: FleetReport, rows: readonly TableRow[]): Markup {
  const { time, host, source, hosts, domains } = report;
  const counts = countVerdicts(domains);
  const ages = rows.flatMap(({ age }) => age ?? []);
  const affected = describeAffected(domains);
  const date = time.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
  return markup`
    <header>
      <h1>${headline(report)}</h1>
      <p>
        Checked <time id="asked" datetime="${time}">${date}</time><b id="since"></b> from <bdi>${host}</bdi>,
        ${` ${sources[source]}: ${count(domains.length, 'VM')} on ${count(hosts.length, 'host')}${affected === '' ? '' : `; ${affected}`}.`}
      </p>
      <dl class="tiles">
        ${verdicts.map((verdict) => tile({ verdict, blockState: 'healthy' }, verdict, counts[verdict]))}
        ${alarmingStates.map((blockState) => {
          const number = domains.filter((vm) => vm.blockState === blockState).length;
          return tile({ verdict: 'blocked', blockState }, blockState, number);
        })}
        <div class="tile">
          <dt>oldest finding</dt>
          <dd>${ages.length === 0 ? 'none' : describeAge(Math.max(...ages))}</dd>
        </div>
      </dl>
    </header>`;
}

function tile(status: VmStatus, name: string, number: number): Markup {
  return markup`
    <div class="tile ${number === 0 ? 'none' : status.verdict}">
      <dt>${sign(status)} ${name}</dt>
      <dd>${number}</dd>
    </div>`;
}

/** VMs that OpenNebula may start a second time, or that already run twice. */
export function misplaced(rows: readonly TableRow[]): Markup | undefined {
  const wrong = rows.filter(({ vm }) => vm.mismatch !== undefined);
  if (wrong.length === 0) return undefined;
  const items = wrong.map(
    ({ vm, id }) => markup`
      <li>
        <a href="#${id}">${titleOf(vm)}</a> on <bdi>${vm.host}</bdi>: ${vm.reason}
        ${remedyOf(vm.findings[0]?.remedy)}
      </li>`,
  );
  const twice = new Set(wrong.flatMap(({ vm }) => (vm.mismatch === 'two-copies' ? [vm.domain] : []))).size;
  const all = count(new Set(wrong.map(({ vm }) => vm.domain)).size, 'VM');
  const title = `${all} not as recorded in OpenNebula${twice > 0 ? `, ${twice} with two copies` : ''}`;
  return section('misplaced', title, markup`<ul>${items}</ul>`, 'urgent');
}

function remedyOf(remedy: string | undefined): Markup | undefined {
  return remedy === undefined ? undefined : markup`<p class="remedy">${signs.arrow} ${remedy}</p>`;
}

/** VMs that a write of their guest can kill. */
export function urgent(rows: readonly TableRow[]): Markup | undefined {
  const dying = rows.filter(({ vm }) => vm.blockState === 'half-inactive');
  if (dying.length === 0) return undefined;
  const links = dying.map(
    ({ vm, id }) => markup`<li><a href="#${id}">${titleOf(vm)}</a> on <bdi>${vm.host}</bdi></li>`,
  );
  const content = markup`
    <p>
      Half-inactive: the guest's next write to one of its disks, a migration, a save or a resize of a disk kills it.
      ${' Reset first; do not migrate, suspend, stop or resize before.'}
    </p>
    <ul class="names">${links}</ul>`;
  return section('urgent', `${count(dying.length, 'VM')} can die at any moment`, content, 'urgent');
}

/** The warnings and host errors that make this page incomplete. */
export function unknowns({ hosts, doubts }: FleetReport, rows: readonly TableRow[]): Markup | undefined {
  const never = rows.filter(({ age }) => age === null).length;
  const items = [
    ...doubts.map((doubt) => markup`<li>${doubt}</li>`),
    ...hosts.flatMap(({ host, trouble }) =>
      trouble
        ? [
            markup`<li><b><bdi>${host}</bdi></b>: ${trouble.what}<p class="remedy">${signs.arrow} ${trouble.remedy}</p></li>`,
          ]
        : [],
    ),
    ...(never > 0 ? [markup`<li>${count(never, 'VM')} never checked</li>`] : []),
  ];
  if (items.length === 0) return undefined;
  return section('unknowns', 'What is not known', markup`<ul>${items}</ul>`, 'unknowns');
}
