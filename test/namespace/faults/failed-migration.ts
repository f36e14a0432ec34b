import { logDirectory, type Qemu, type Stage, type Volume } from '../harness';
import { startHealthy } from './healthy-domain';
import type { Read } from './fs-snapshot';

/**
 * The answers of `virsh qemu-monitor-command` for a QEMU that runs after a failed migration. Without a command it
 * reads commands, and splits them like a shell.
 */
const virsh = (node: object): string => `#!/bin/sh
case "$*" in
  *qemu:///system)
    while IFS= read -r line; do
      printf 'virsh # %s\\n' "$line"
      case $line in echo*) echo "\${line#echo }" ;; *) eval '"$0"' "$line" ;; esac
    done
    exit ;;
esac
case "$*" in
  *query-status*) echo '{"return":{"status":"running"}}' ;;
  *query-migrate*) echo '{"return":{"status":"failed"}}' ;;
  *query-named-block-nodes*) echo '{"return":[${JSON.stringify(node)}]}' ;;
  *'"query-block"'*) echo '{"return":[]}' ;;
  *'"cont"'*) echo '{"return":{}}' ;;
  *) exit 1 ;;
esac
`;

const failed =
  '2024-03-05T09:59:59.000000Z qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)\n';

type HandingOver = 'failed' | 'inactive' | 'none';

/** Starts a healthy domain, with the log and the answers of {@link tellOf}. */
export async function startLogged(
  program: string,
  volumes: readonly Volume[],
  handingOver: HandingOver,
): Promise<{ stage: Stage; qemu: Qemu }> {
  const world = await startHealthy(program, volumes);
  tellOf(world.stage, handingOver);
  return world;
}

/**
 * Installs a log of `one-310`'s QEMU with a failed migration or with none, and a virsh that answers accordingly.
 * `inactive`: QEMU 10.0 reports its disk as inactive; an older one does not report it, and takes its disks back after
 * `cont`.
 */
export function tellOf(stage: Stage, handingOver: HandingOver): void {
  writeLog(stage, 'one-310', handingOver !== 'none');
  const active = handingOver === 'inactive' ? { active: false } : {};
  const answers = virsh({ 'node-name': 'libvirt-1-format', ...active });
  stage.host.file('/mnt/bin/virsh', answers, { mode: 0o755 });
}

/** Writes the log of a QEMU that starts now, with a failed migration or with none. */
export function writeLog(stage: Stage, name: string, hasFailed: boolean): void {
  const now = new Date().toISOString().replace('T', ' ').replace('Z', '+0000');
  const log = `${now}: starting up libvirt version: 9.0.0\n${hasFailed ? failed : ''}`;
  stage.host.file(`${logDirectory}/${name}.log`, log, { mode: 0o600 });
}

/**
 * Reads only whether a reset marker is complete, because it contains the time and the process. Each log begins at a
 * different time.
 */
export const readNote: Read = (path, text) => {
  if (path.startsWith(logDirectory)) return undefined;
  if (!path.endsWith('.reset')) return text;
  const keys = ['inode', 'size', 'tail', 'pid', 'startTime', 'at'];
  try {
    const note = JSON.parse(text) as object;
    return keys.every((key) => Object.hasOwn(note, key)) ? 'a note' : 'torn';
  } catch {
    return 'torn';
  }
};
