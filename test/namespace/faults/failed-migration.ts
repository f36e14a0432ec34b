import type { Qemu, Stage, Volume } from '../harness';
import { startHealthy } from './healthy-domain';
import type { Read } from './fs-snapshot';
import { logDirectory } from './workflow';

/**
 * What `virsh qemu-monitor-command` passes on of a QEMU that runs after a migration has failed. Without a command it reads
 * commands, which it splits like a shell.
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
  *'"cont"'*) echo '{"return":{}}' ;;
  *) exit 1 ;;
esac
`;

const failed =
  '2024-03-05T09:59:59.000000Z qemu-system-x86_64: qemu_savevm_state_complete_precopy_non_iterable: bdrv_inactivate_all() failed (-1)\n';

type HandingOver = 'failed' | 'inactive' | 'none';

/** A healthy domain of which {@link tellOf} tells. */
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
 * Puts a log of `one-310`'s QEMU in which a migration has failed or none was, and a virsh that tells alike. `inactive`:
 * QEMU 10.0 calls its disk inactive; an older one tells nothing of that, and takes its disks back when it is told to `cont`.
 */
export function tellOf(stage: Stage, handingOver: HandingOver): void {
  writeLog(stage, 'one-310', handingOver !== 'none');
  const active = handingOver === 'inactive' ? { active: false } : {};
  const answers = virsh({ 'node-name': 'libvirt-1-format', ...active });
  stage.host.file('/mnt/bin/virsh', answers, { mode: 0o755 });
}

/** The log of a QEMU that starts now, in which a migration has failed or none was. */
export function writeLog(stage: Stage, name: string, hasFailed: boolean): void {
  const now = new Date().toISOString().replace('T', ' ').replace('Z', '+0000');
  const log = `${now}: starting up libvirt version: 9.0.0\n${hasFailed ? failed : ''}`;
  stage.host.file(`${logDirectory}/${name}.log`, log, { mode: 0o600 });
}

/** Of the note of a reset, which tells the time and the process: whether it is whole. Each log begins at a time of its own. */
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
