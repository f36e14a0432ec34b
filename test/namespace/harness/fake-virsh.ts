import type { CommandResult } from '../../../src/os/run-command';
import type { GuardReport } from '../../../src/move/move-report';
import type { Stage } from '.';
import { configuration } from '../faults/workflow';
import { logDirectory } from './namespace-stage';

/** The line in QEMU's log when it could not hand over its disks. */
export const handingOverFailed =
  '2024-03-05T10:00:00.000000Z qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)';

/**
 * Shell commands. `$log` is QEMU's log; `$stays` is set in a virsh session, which answers one command after the
 * other; `$state` is the guest's state, and `$migration` a part of query-migrate's answer.
 */
interface StandIn {
  /** The effect of `virsh save` or `virsh migrate`. */
  readonly move: string;
  /** Runs before each answer; `$*` is the command. */
  readonly before?: string;
  /** QEMU's answer to `cont`. */
  readonly cont?: object;
}

/**
 * A virsh of a healthy QEMU, as a command and as a session; `cases` of the shell come first. A command that would
 * change anything is written to {@link orders}, and not executed.
 */
export function recordingVirsh(cases = ''): string {
  return `#!/bin/sh
answer() {
  case "$*" in
    ${cases}
    *query-status*) echo '{"return":{"status":"running"}}' ;;
    *query-migrate*) echo '{"return":{}}' ;;
    *query-named-block-nodes* | *'"query-block"'*) echo '{"return":[]}' ;;
    *query-block-jobs*) return 1 ;;
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

/** The recorded commands. */
export function ordersTo({ host }: Stage): string {
  return host.inside('sh', '-c', `test ! -e ${orders} || cat ${orders}`);
}

/** An ssh for which every host is this one. */
export const localSsh = '#!/bin/sh\nfor command; do :; done; exec sh -c "$command"\n';

interface RunOptions {
  readonly under?: readonly string[];
  /** Changes the default configuration for this run. */
  readonly configure?: (yaml: string) => string;
}

export interface Guarded extends CommandResult {
  readonly report: GuardReport;
}

/** Runs a guarded save of `one-310`, with a fake `virsh` that answers as libvirt and QEMU do. */
export function guardedSave(stage: Stage, standIn: StandIn, options: RunOptions = {}): Promise<Guarded> {
  return guarded(stage, ['save', 'one-310', '/mnt/file'], standIn, options);
}

/** Runs a guarded migration in the same environment, to a host that is this one: `ssh` is a shell. */
export function guardedMove(stage: Stage, standIn: StandIn): Promise<Guarded> {
  stage.host.file('/mnt/bin/ssh', localSsh, { mode: 0o755 });
  const configure = (yaml: string): string =>
    `${yaml}ssh: { user: root }\nmigrate: { destination_deadline: 1 }\n`;
  return guarded(stage, ['migrate', 'one-310', 'kvm2'], standIn, { configure });
}

/** Installs such a virsh before the real one: `/mnt/bin` must be in the PATH. */
export function placeVirsh(stage: Stage, standIn: StandIn): void {
  stage.host.file('/mnt/bin/virsh', standInVirsh(standIn), { mode: 0o755 });
}

/** The text of such a virsh. */
export function standInVirsh({ move, before = '', cont = { return: {} } }: StandIn): string {
  return `#!/bin/sh
log=${logDirectory}/one-310.log
state=running migration=
answer() {
  ${before}
  case "$*" in
    *query-status*) echo "{\\"return\\":{\\"status\\":\\"$state\\"}}" ;;
    *query-migrate*) echo "{\\"return\\":{$migration}}" ;;
    *query-named-block-nodes* | *'"query-block"'*) echo '{"return":[]}' ;;
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
