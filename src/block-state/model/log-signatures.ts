/** The meaning of a line of QEMU's log for the block state. */
type Meaning =
  /** The hand-over of the disks failed: a QEMU without the fix is now stuck, or half-inactive. */
  | 'inactivate-failed'
  /** The re-activation of the disks failed: some may be inactive while the guest runs. */
  | 'activate-failed';

interface Signature {
  readonly meaning: Meaning;
  readonly pattern: RegExp;
  /** QEMU writes it for failures, too, after which the destination's QEMU may run. */
  readonly mayHaveLeft?: true;
}

/**
 * Every text that QEMU has for them, in its log, in the `error-desc` of `query-migrate`, and in what virsh says of a failed
 * job (libvirt 11 repeats the `error-desc`). QEMU writes the first kind whenever bdrv_inactivate_all() fails, in every version
 * since 2.10, with different words after it. The second kind are the errors of its drivers when a disk cannot be opened
 * for writing again: the error of bdrv_activate_all() is printed unchanged.
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
    // Any other caller, and vendors that changed the words around it.
    /bdrv_inactivate_all\(\) failed/,
    // QEMU 11 (migration/migration.c, migration_switchover_start): in its log, as `error-desc`, and in virsh's message;
    // measured on 11.1.2. QEMU 10.0 has only `Error in migration completion: Bad address` there, which is no proof: the
    // same -EFAULT is the end of a migration that was interrupted before the hand-over.
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

/** The line of a QEMU that died of an INACTIVE disk. */
export const deathSignature = /Assertion `!\(bs->open_flags & BDRV_O_INACTIVE\)' failed/;

/**
 * A line of QEMU itself, not of libvirt, the loader or a library: the name of the program, after the time unless libvirt's
 * qemu.conf has `log_timestamp = 0` (util/error-report.c, vreport).
 */
const saidByQemu = /^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z [^ ]*qemu|[\w.+-]{0,64}qemu[\w.+-]{0,64}: )/i;
/** Ordinary messages of a healthy start. */
const harmless = /char device redirected to|warning: |terminating on signal/;
/** Of a migration stream that broke, or whose file is full: migration/savevm.c, migration/multifd.c, io/channel-*.c. */
const streamWords =
  /^(?:\S+ )?\S+: (?:failed to save SaveStateEntry with id\(name\)|multifd_send_(?:pages|sync_main)|Unable to (?:write to|read from) (?:socket|file|command)|Cannot (?:write to|read from) TLS channel): /;

/** libvirt's first line of each start of a domain (src/qemu/qemu_process.c, qemuProcessLaunch). */
const startLine =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+0000): starting up libvirt version(?:.*? qemu version: (\d[\w.]{0,31}))?/;
/** Its line for each live migration (src/qemu/qemu_migration.c); there is none for a save, or a migration by QMP. */
const migrationLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+0000: initiating migration/;
const endLine = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+0000: shutting down/;

interface LoggedSignature {
  readonly meaning: Meaning;
  readonly line: string;
}

/** The lines of one process in the log. */
export interface LogReading {
  readonly signatures: readonly LoggedSignature[];
  /** Other errors of QEMU. None of them is known to matter; those of {@link isBrokenStream} are known not to. */
  readonly complaints: readonly string[];
  /**
   * How the last migration in the log ended. `kept`: QEMU failed to give up its disks, which it does before it sends the
   * end of the stream (QEMU_VM_EOF, migration/savevm.c): the destination's QEMU never gets them. `started`: not known.
   */
  readonly lastMigration?: 'started' | 'kept';
}

/** The part of a log since the last start; `undefined` when that start, or its time, is not in it. */
export function sinceStart(log: string): { readonly at: Date; readonly text: string } | undefined {
  const lines = log.split('\n');
  const start = lines.findLastIndex((line) => startLine.test(line));
  const [, time] = startLine.exec(lines[start] ?? '') ?? [];
  if (time === undefined) return undefined;
  const rest = lines.slice(start + 1);
  // That process has ended.
  if (rest.some((line) => endLine.test(line))) return undefined;
  const at = timeOf(time);
  return at && { at, text: rest.join('\n') };
}

/**
 * The version with which the process of that start runs. libvirt writes its line before QEMU can write any: of several that
 * fit, the first is libvirt's, and a later one may be forged by a QEMU that its guest took over.
 */
export function versionAtStart(log: string, isItsStart: (at: Date) => boolean): string | undefined {
  for (const line of log.split('\n')) {
    const [, time, version] = startLine.exec(line) ?? [];
    const at = time === undefined ? undefined : timeOf(time);
    if (at && isItsStart(at)) return version;
  }
  return undefined;
}

function timeOf(logged: string): Date | undefined {
  const at = new Date(logged.replace(' ', 'T').replace('+0000', 'Z'));
  return Number.isNaN(at.getTime()) ? undefined : at;
}

export function readLog(text: string): LogReading {
  const signatures: LoggedSignature[] = [];
  const complaints: string[] = [];
  let lastMigration: LogReading['lastMigration'];
  for (const line of text.split('\n')) {
    const signature = logSignatures.find(({ pattern }) => pattern.test(line));
    if (signature?.meaning === 'inactivate-failed')
      lastMigration = signature.mayHaveLeft ? 'started' : 'kept';
    if (signature) signatures.push({ meaning: signature.meaning, line });
    else if (migrationLine.test(line)) lastMigration = 'started';
    else if (saidByQemu.test(line) && !harmless.test(line)) complaints.push(line);
  }
  return { signatures, complaints, ...(lastMigration ? { lastMigration } : {}) };
}

/** Whether the line says that QEMU could not give up its disks. */
export function isHandoverFailure(line: string): boolean {
  return logSignatures.some(({ meaning, pattern }) => meaning === 'inactivate-failed' && pattern.test(line));
}

/** Whether libvirt begins a live migration with this line. */
export function isMigrationStart(line: string): boolean {
  return migrationLine.test(line);
}

/**
 * Most failed migrations have such a line. It does not mean that QEMU failed to take its disks back: that has its own line
 * (migration/migration.c, migration_completion, fail_invalidate).
 */
export function isBrokenStream(complaint: string): boolean {
  return streamWords.test(complaint);
}
