import type { Affected, BlockState, DomainReport } from '../../core/finding';

/** What is known of a QEMU program without a failed hand-over. */
interface KnownProgram {
  /** Its nodes report whether they are active, which began in QEMU 10.0. */
  readonly reportsActive: boolean;
  /** As the program itself has it (`7.2.22`), by the first line of its log; `undefined` where that is not known. */
  readonly version: string | undefined;
}

/**
 * Whether a failed hand-over leaves this QEMU without its disks. Only one that was left so is known to be affected: a
 * version says nothing against it, because distributions add the fix to versions that lack it. For it, it does: no
 * distribution takes the fix out of a release that has it.
 */
export function affectedOf(blockState: BlockState, { reportsActive, version }: KnownProgram): Affected {
  if (blockState === 'stuck' || blockState === 'half-inactive') return 'yes';
  return reportsActive || (version !== undefined && keepsItsDisks(version)) ? 'no' : 'unknown';
}

/**
 * The releases with QEMU's commits 403d18ae3842, 5d39f44d7ac5 and 6dab4c93ecfa: 7.2.3, 8.0.1, 8.1.0, which take them back.
 * All before lack them. QEMU 5.2 ignores that it cannot open a path again (model/handed-over.ts of disk-paths), but loses
 * its disks if anything else makes their hand-over fail: measured. Patch levels from 50 on precede the next release.
 */
function keepsItsDisks(version: string): boolean {
  const numbers = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})/.exec(version)?.slice(1).map(Number);
  const [major = NaN, minor = NaN, patch = NaN] = numbers ?? [];
  if (patch >= 50) return major > 8 || (major === 8 && minor >= 1);
  if (major === 7) return minor === 2 && patch >= 3;
  return major > 8 || (major === 8 && (minor >= 1 || patch >= 1));
}

/** One build behaves the same everywhere: what one VM shows counts for all that run the same program. */
export function withKnownBuilds<T extends Pick<DomainReport, 'affected' | 'build'>>(
  domains: readonly T[],
): (T & { readonly affected: Affected })[] {
  const known = new Map<string, Affected>();
  for (const { build, affected = 'unknown' } of domains)
    if (build !== undefined && affected !== 'unknown' && known.get(build) !== 'yes')
      known.set(build, affected);
  return domains.map((domain) => {
    const { build, affected = 'unknown' } = domain;
    return { ...domain, affected: (build === undefined ? undefined : known.get(build)) ?? affected };
  });
}
