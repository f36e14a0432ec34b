/** Credentials by which the kernel judges a process's access to files, from `/proc/PID/status`. */
export interface Credentials {
  /** File system ids (the fourth column of `Uid:` and `Gid:`). */
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** CAP_DAC_OVERRIDE: mode bits and ACLs do not apply. libvirt drops it unless configured otherwise. */
  readonly overridesAccess: boolean;
}

const capDacOverride = 1n << 1n;

/** `undefined` when the text is not that of a living process. */
export function parseStatus(text: string): Credentials | undefined {
  const field = (name: string): string[] | undefined => {
    const start = text.indexOf(`\n${name}:\t`);
    const end = text.indexOf('\n', start + 1);
    return start < 0 || end < 0 ? undefined : text.slice(start + name.length + 3, end).split(/[\t ]+/);
  };
  const [uid, gid] = [wholeNumber(field('Uid')?.[3]), wholeNumber(field('Gid')?.[3])];
  const groups = (field('Groups') ?? []).filter((group) => group !== '').map(wholeNumber);
  const known = groups.filter((group) => group !== undefined);
  const capabilities = field('CapEff')?.[0];
  if (uid === undefined || gid === undefined || known.length < groups.length) return undefined;
  if (capabilities === undefined || !/^[0-9a-f]{1,16}$/.test(capabilities)) return undefined;
  return {
    uid,
    gid,
    groups: known,
    overridesAccess: (BigInt(`0x${capabilities}`) & capDacOverride) !== 0n,
  };
}

/** Start time in clock ticks since boot: field 22 of `/proc/PID/stat`; differs if a pid was reused. */
export function parseStartTime(stat: string): number | undefined {
  return wholeNumber(fieldOfStat(stat, 22));
}

function wholeNumber(text = ''): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Field 23, the size of its memory, is 0 for a process that has ended or is ending (fs/proc/array.c, do_task_stat()). */
export function hasMemory(stat: string): boolean {
  return Number(fieldOfStat(stat, 23) ?? 0) > 0;
}

/** Fields are counted from 1; the second is the name, which may contain anything, so only later ones can be read. */
function fieldOfStat(stat: string, field: number): string | undefined {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3];
}

/** O_ACCMODE and O_RDONLY, which are the same on every processor. */
const [accessMode, toRead] = [3, 0];

/**
 * Whether a descriptor is open for writing, by its `/proc/PID/fdinfo/N`; `undefined` when that has no flags. Its `flags`
 * are those of open(2), in octal digits (proc(5)).
 */
export function isOpenForWriting(fdinfo: string): boolean | undefined {
  const flags = /^flags:[\t ]*([0-7]{1,11})$/m.exec(fdinfo)?.[1];
  return flags === undefined ? undefined : (Number.parseInt(flags, 8) & accessMode) !== toRead;
}

/**
 * Whether a QEMU's command line (`/proc/PID/cmdline`) is that of this domain: libvirt starts every QEMU with
 * `-name guest=NAME,…` and `-uuid UUID`. In option values QEMU writes a comma as two.
 */
export function isQemuOf(
  commandLine: string,
  domain: { readonly name: string; readonly uuid: string },
): boolean {
  const argv = commandLine.split('\0');
  const after = (option: string): string | undefined => argv[argv.indexOf(option, 1) + 1 || argv.length];
  const name = after('-name');
  const guest = `guest=${domain.name.replaceAll(',', ',,')}`;
  return (
    (name === guest || (name?.startsWith(`${guest},`) === true && !name.startsWith(`${guest},,`))) &&
    after('-uuid')?.toLowerCase() === domain.uuid
  );
}

/**
 * libvirt starts QEMU with `-incoming` for a guest that comes from another host or from a file
 * (src/qemu/qemu_command.c, qemuBuildCommandLine).
 */
export function awaitsGuest(commandLine: string): boolean {
  return commandLine.split('\0').includes('-incoming', 1);
}

/**
 * Whether its guest has run under KVM: field 43, guest_time, counts only while a processor is in the guest (proc(5);
 * kernel/sched/cputime.c), and QEMU enters it only while its run state is `running` (softmmu/cpus.c, cpu_can_run). Without
 * KVM, and in the first hundredth of a second, it is 0.
 */
export function hasRunGuest(stat: string): boolean {
  return (wholeNumber(fieldOfStat(stat, 43)) ?? 0) > 0;
}
