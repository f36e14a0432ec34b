/**
 * The state of a domain on its destination. `runs`: all of it is there, and its guest runs. `not-running`: all of it is
 * there, and its guest does not run. `partial`: a part of it may still be missing. `absent`: libvirt there has no such
 * domain that is active. `reported` is what `virsh domstate --reason` printed.
 */
export interface Arrival {
  readonly kind: 'runs' | 'not-running' | 'partial' | 'absent';
  readonly reported: string;
}

export const absent: Arrival = { kind: 'absent', reported: 'absent' };

/**
 * libvirt's reasons for a pause of a domain that may be incomplete: it is `migrating` until the incoming migration has
 * ended, and only then `user` (src/qemu/qemu_migration.c, qemuMigrationDstComplete), or lets the guest run.
 */
const incomplete = ['migrating', 'starting up', 'post-copy', 'post-copy failed', 'unknown'];
/** The reasons of a guest that runs before all of its memory is there. */
const runsIncomplete = ['post-copy', 'post-copy failed'];

/** Reads the first line of `virsh domstate --reason`: `paused (user)`; as tools/virsh-domain-monitor.c names states and reasons. */
export function readArrival(text: string): Arrival {
  const reported = text.split('\n', 1)[0]?.trim() ?? '';
  const [, state = reported, reason = ''] = /^(.*?) \((.*)\)$/.exec(reported) ?? [];
  if (state === 'shut off' || state === 'no state') return { kind: 'absent', reported };
  const incompleteStates: Readonly<Record<string, readonly string[]>> = {
    running: runsIncomplete,
    paused: incomplete,
  };
  if (incompleteStates[state]?.includes(reason)) return { kind: 'partial', reported };
  return { kind: state === 'running' ? 'runs' : 'not-running', reported };
}

/** The last line that a mover wrote to stderr, which is its reason for a failure. */
export function lastWords({ stderr }: { readonly stderr: string }): string {
  return stderr.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
