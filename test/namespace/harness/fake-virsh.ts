import type { CommandResult } from '../../../src/os/run-command';
import type { GuardReport } from '../../../src/move/move-report';
import type { Stage } from '.';
import { configuration, logDirectory } from '../faults/workflow';

/** What QEMU's log says when it could not hand over its disks. */
export const handingOverFailed =
  '2024-03-05T10:00:00.000000Z qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)';

/** Lines of the shell. `$log` is QEMU's log; `$stays` is set in a virsh that answers one command after the other; the guest is `$state`, and `$migration` a part of query-migrate's answer. */
interface StandIn {
  /** What `virsh save` or `virsh migrate` does. */
  readonly move: string;
  /** Done before each answer, which is to `$*`. */
  readonly before?: string;
  /** What QEMU answers to `cont`. */
  readonly cont?: object;
}

/**
 * A virsh of a QEMU in good order, on its command line and in a session; `cases` of the shell come first. What would
 * change anything is written to {@link orders}, and not done.
 */
export function recordingVirsh(cases = ''): string {
  return `#!/bin/sh
answer() {
  case "$*" in
    ${cases}
    *query-status*) echo '{"return":{"status":"running"}}' ;;
    *query-migrate*) echo '{"return":{}}' ;;
    *query-named-block-nodes*) echo '{"return":[]}' ;;
    *domstate*) echo running ;;
    *) echo "$*" >>${orders}; return 1 ;;
  esac
}
case "$*" in
  *qemu:///system)
    while IFS= read -r line; do
      printf 'virsh # %s\\n' "$line"
      case $line in echo*) echo "\${line#echo }" ;; *) answer "$line" ;; esac
    done ;;
  *) answer "$@" ;;
esac
`;
}

const orders = '/mnt/orders';

/** What was ordered of it. */
export function ordersTo({ host }: Stage): string {
  return host.inside('sh', '-c', `test ! -e ${orders} || cat ${orders}`);
}

/** For which every host is this one. */
export const localSsh = '#!/bin/sh\nfor command; do :; done; exec sh -c "$command"\n';

interface RunOptions {
  readonly under?: readonly string[];
  /** Gives the configuration of this run, from what it would be. */
  readonly configure?: (yaml: string) => string;
}

export interface Guarded extends CommandResult {
  readonly report: GuardReport;
}

/** Runs a guarded save of `one-310`; behind `virsh` stands one that answers as libvirt and QEMU do. */
export function guardedSave(stage: Stage, standIn: StandIn, options: RunOptions = {}): Promise<Guarded> {
  return guarded(stage, ['save', 'one-310', '/mnt/file'], standIn, options);
}

/** Likewise a migration, to a host that is this one: behind `ssh` is a shell. */
export function guardedMove(stage: Stage, standIn: StandIn): Promise<Guarded> {
  stage.host.file('/mnt/bin/ssh', localSsh, { mode: 0o755 });
  const configure = (yaml: string): string =>
    `${yaml}ssh: { user: root }\nmigrate: { destination_deadline: 1 }\n`;
  return guarded(stage, ['migrate', 'one-310', 'kvm2'], standIn, { configure });
}

/** Puts such a virsh in front of the real one: `/mnt/bin` has to be in the PATH. */
export function placeVirsh(stage: Stage, standIn: StandIn): void {
  stage.host.file('/mnt/bin/virsh', standInVirsh(standIn), { mode: 0o755 });
}

/** Such a virsh, as a program's text. */
export function standInVirsh({ move, before = '', cont = { return: {} } }: StandIn): string {
  return `#!/bin/sh
log=${logDirectory}/one-310.log
state=running migration=
answer() {
  ${before}
  case "$*" in
    *query-status*) echo "{\\"return\\":{\\"status\\":\\"$state\\"}}" ;;
    *query-migrate*) echo "{\\"return\\":{$migration}}" ;;
    *query-named-block-nodes*) echo '{"return":[]}' ;;
    *'"cont"'*) echo '${JSON.stringify(cont)}' ;;
    *domstate*) echo $state ;;
    *) return 1 ;;
  esac
}
case "$*" in
  *' save '* | *' migrate '*)
    ${move} ;;
  *qemu:///system)
    stays=yes
    while IFS= read -r line; do
      printf 'virsh # %s\\n' "$line"
      case $line in echo*) echo "\${line#echo }" ;; *) answer "$line" ;; esac
    done ;;
  *) answer "$@" ;;
esac
`;
}

async function guarded(
  stage: Stage,
  line: readonly string[],
  standIn: StandIn,
  { under = [], configure }: RunOptions,
): Promise<Guarded> {
  placeVirsh(stage, standIn);
  if (configure) stage.host.file(configuration, configure(stage.host.read(configuration)), { mode: 0o644 });
  const result = await stage.run([...line, '--config', configuration, '--json'], {
    under,
    env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
  });
  return { ...result, report: JSON.parse(result.stdout) as GuardReport };
}
