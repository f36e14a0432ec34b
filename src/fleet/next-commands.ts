import { textOf } from '../messages';
import { inOrder, needsRepair, needsReset, type FleetDomain, type FleetReport } from './model/fleet';

/** One command to type next, its purpose, and where: on the machine that made the audit, or on the named host. */
interface NextCommand {
  readonly why: string;
  readonly host?: string;
  readonly line: string;
}

/** Returns the commands that repair what can be repaired, and show more of the rest, the most urgent first. */
export function nextCommands({ domains, source }: FleetReport): NextCommand[] {
  const known = domains.filter(({ host, domain }) => isPlainWord(host) && isPlainWord(domain));
  const repairable = known.filter((vm) => vm.verdict === 'repairable' || needsRepair(vm));
  const stuck = known.filter(needsReset);
  const blocked = known.find((vm) => vm.verdict === 'blocked' && !needsReset(vm) && !vm.mismatch);
  const misplaced = domains.find(({ mismatch, vmId }) => mismatch !== undefined && vmId !== null);
  const where = (vms: readonly FleetDomain[]): string =>
    source === 'here' ? '' : ` --hosts ${[...new Set(vms.map(({ host }) => host))].sort(inOrder).join(',')}`;
  return [
    ...(misplaced ? [{ why: textOf('see-record-of-vm'), line: `onevm show ${misplaced.vmId ?? ''}` }] : []),
    ...(stuck.length > 0
      ? [{ why: textOf('give-disks-back'), line: `migrate-guard reset --all${where(stuck)}` }]
      : []),
    ...(repairable.length > 0
      ? [{ why: textOf('make-missing-links'), line: `migrate-guard repair --all${where(repairable)}` }]
      : []),
    ...(blocked
      ? [
          {
            why: textOf('see-why-blocked'),
            host: blocked.host,
            line: `migrate-guard ${blocked.blockState === 'not-resumed' ? 'inspect' : 'explain'} ${blocked.domain}`,
          },
        ]
      : []),
  ];
}

/**
 * Returns the commands for one VM, to be typed on its host; none if the VM's name is not a single word in every
 * shell.
 */
export function commandsFor(vm: FleetDomain): string[] {
  const { domain, verdict, blockState } = vm;
  if (!isPlainWord(domain)) return [];
  const isRepairable = verdict === 'repairable' || needsRepair(vm);
  return [
    ...(needsReset(vm) ? [`migrate-guard reset ${domain}`] : []),
    ...(blockState === 'not-resumed' ? [`migrate-guard inspect ${domain}`] : []),
    ...(isRepairable ? [`migrate-guard repair ${domain} --dry-run`, `migrate-guard repair ${domain}`] : []),
    ...(verdict === 'undecided' ? [`migrate-guard check ${domain} --deep`] : []),
    `migrate-guard explain ${domain}`,
  ];
}

/** Whether every shell takes the text literally and as one word, so that a copied command is safe. */
function isPlainWord(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.:@+-]*$/.test(text);
}
