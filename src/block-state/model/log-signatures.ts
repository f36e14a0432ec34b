/** What a line of QEMU's log says about the block state. */
type Meaning =
  /** Giving up the disks failed: QEMU before the fix is stuck now, or half-inactive. */
  | 'inactivate-failed'
  /** Taking the disks back failed: some may be inactive while the guest runs. */
  | 'activate-failed';

interface Signature {
  readonly meaning: Meaning;
  readonly pattern: RegExp;
  /** It is said of failures, too, after which the other QEMU may go on. */
  readonly mayHaveLeft?: true;
}

/**
 * Every text that QEMU has for it. QEMU writes the first kind whenever bdrv_inactivate_all() fails, in every
 * version since 2.10; what follows it differs. The second kind is what its drivers say when a disk cannot be
 * opened for writing again: the error of bdrv_activate_all() is printed as it is.
 */
const logSignatures: readonly Signature[] = [
  // QEMU to 8.1 (migration/migration.c): postcopy_start() failed, whatever the reason.
  {
    meaning: 'inactivate-failed',
    pattern: /migration_iteration_run: postcopy failed to start/,
    mayHaveLeft: true,
  },
  ...[
    // QEMU 2.10 (commit a1fbe750fd13, migration/savevm.c) to 9.2.
    /qemu_savevm_state_complete_precopy(?:_non_iterable)?: bdrv_inactivate_all\(\) failed \(-?\d+\)/,
    // QEMU 10.0 on (migration/block-active.c).
    /migration_block_inactivate: bdrv_inactivate_all\(\) failed: -?\d+/,
    // QEMU 8.2 to 10.0 (migration/migration.c, postcopy_start), with the system error behind it until 9.2.
    /postcopy_start: Failed in bdrv_inactivate_all\(\)/,
    // Any other caller, and vendors who changed the words around it.
    /bdrv_inactivate_all\(\) failed/,
    // QEMU after 10.0 (migration/migration.c, migration_switchover_start).
    /Block inactivate failed during switchover/,
  ].map((pattern) => ({ meaning: 'inactivate-failed', pattern }) as const),
  ...[
    // block/file-posix.c, raw_check_lock_bytes: the destination still has the image.
    /Failed to get (?:"[^"]+"|shared "[^"]+") lock/,
    // block.c and block/file-posix.c, raw_reconfigure_getfd.
    /Could not (?:re)?open (?:'|file|backing|image|the)/i,
    // block.c, bdrv_activate.
    /Could not refresh total sector count|migration_block_activate/,
  ].map((pattern) => ({ meaning: 'activate-failed', pattern }) as const),
];

/** A line that tells why QEMU died: shown to the admin, never a state. */
export const deathSignature = /Assertion `!\(bs->open_flags & BDRV_O_INACTIVE\)' failed/;

/** What QEMU itself said, as opposed to libvirt, the loader or a library: `-msg timestamp=on` marks it. */
const saidByQemu = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z [^ ]*qemu/i;
/** Ordinary messages of a healthy start. */
const harmless = /char device redirected to|warning: |terminating on signal/;
/** Of a migration stream that broke, or has no room: migration/savevm.c, migration/multifd.c, io/channel-*.c. */
const streamWords =
  /^\S+ \S+: (?:failed to save SaveStateEntry with id\(name\)|multifd_send_(?:pages|sync_main)|Unable to (?:write to|read from) (?:socket|file|command)|Cannot (?:write to|read from) TLS channel): /;

/** The line by which libvirt begins each start of a domain (src/qemu/qemu_process.c, qemuProcessLaunch). */
const startLine = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+0000): starting up libvirt version/;
/** The line by which it begins each live migration (src/qemu/qemu_migration.c); a save has none, nor what QMP ordered. */
const migrationLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+0000: initiating migration/;
const endLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+0000: shutting down/;

interface LoggedSignature {
  readonly meaning: Meaning;
  readonly line: string;
}

/** What the log of one process says. */
export interface LogReading {
  readonly signatures: readonly LoggedSignature[];
  /** Other complaints of QEMU. None of them is known to matter; {@link isBrokenStream} tells of some that do not. */
  readonly complaints: readonly string[];
  /**
   * How the last migration ended that it tells of. `kept`: QEMU failed to give up its disks, which it does before it
   * sends the end of the stream (QEMU_VM_EOF, migration/savevm.c): the other QEMU never had them, and never will.
   * `begun`: it does not tell.
   */
  readonly lastMigration?: 'begun' | 'kept';
}

/** The part of a log that was written since the last start; `undefined` when that start, or its time, is not in it. */
export function sinceStart(log: string): { readonly at: Date; readonly text: string } | undefined {
  const lines = log.split('\n');
  const start = lines.findLastIndex((line) => startLine.test(line));
  const time = startLine.exec(lines[start] ?? '')?.[1];
  if (time === undefined) return undefined;
  const rest = lines.slice(start + 1);
  // After its end the log belongs to no process that runs.
  if (rest.some((line) => endLine.test(line))) return undefined;
  const at = new Date(time.replace(' ', 'T').replace('+0000', 'Z'));
  return Number.isNaN(at.getTime()) ? undefined : { at, text: rest.join('\n') };
}

export function readLog(text: string): LogReading {
  const signatures: LoggedSignature[] = [];
  const complaints: string[] = [];
  let lastMigration: LogReading['lastMigration'];
  for (const line of text.split('\n')) {
    const signature = logSignatures.find(({ pattern }) => pattern.test(line));
    if (signature?.meaning === 'inactivate-failed') lastMigration = signature.mayHaveLeft ? 'begun' : 'kept';
    if (signature) signatures.push({ meaning: signature.meaning, line });
    else if (migrationLine.test(line)) lastMigration = 'begun';
    else if (saidByQemu.test(line) && !harmless.test(line)) complaints.push(line);
  }
  return { signatures, complaints, ...(lastMigration ? { lastMigration } : {}) };
}

/**
 * Most migrations that fail do so with these words, and they are no failure to take the disks back: that has a line of
 * its own (migration/migration.c, migration_completion, fail_invalidate).
 */
export function isBrokenStream(complaint: string): boolean {
  return streamWords.test(complaint);
}
