import { identity, sameIdentity, type Disk } from '../../file-tree/model/entry';
import { type DomainFacts, type SourceFacts } from '../model/facts';
import type { Evidence, Finding } from '../../core/finding';
import { isReopened } from '../model/reopened';
import { isUnknown } from '../../core/unknown';
import { diskAt, type ResolvedPath } from '../../file-tree/model/walk';
import { about, type Check } from './check-type';
import { lastHold, powerCycle, unclaimed } from './held-disk';

/** Do both views end at the very device or file that this QEMU holds open? */
export const diskDevice: Check = {
  name: 'disk-device',
  inspect: (facts) => {
    const { open } = facts;
    if (isUnknown(open)) {
      const { unknown, remedy = 'run as root' } = open;
      const what = `what QEMU holds open cannot be read: ${unknown}`;
      return [{ check: 'disk-device', state: 'unknown', what, remedy }];
    }
    return facts.sources.flatMap((source) => inspectSource(source, open, facts) ?? []);
  },
};

function inspectSource(source: SourceFacts, open: readonly Disk[], facts: DomainFacts): Finding | undefined {
  const onHost = diskAt(source.host);
  const inside = diskAt(source.namespace);
  if (!onHost && !inside) return undefined;
  const base = about('disk-device', source);
  const problem = (what: string, remedy: string, evidence: Evidence): Finding => {
    return { ...base, state: 'problem', what, remedy, evidence: { ...base.evidence, ...evidence } };
  };
  const where = facts.ownNamespace ? "in QEMU's mount namespace" : 'on the host';
  for (const [end, view] of [
    [inside, where],
    [onHost, 'on the host'],
  ] as const) {
    if (!end || open.some((file) => sameIdentity(file, end))) continue;
    if (isFirmwareCode(source, facts)) return { ...base, state: 'ok', note: true, what: replacedFirmware };
    const [held, names] = heldInstead(end, facts);
    const what = `the path leads to ${name(end)} ${view}, but QEMU holds ${names} open`;
    const remedy =
      lastHold(source, facts) ??
      'do not migrate: find out which is the right volume, and make the path lead to what QEMU holds open';
    return problem(what, remedy, { device: identity(end), ...(held === '' ? {} : { open: held }) });
  }
  if (onHost && inside && !sameIdentity(onHost, inside)) {
    const what = `the path leads to ${name(onHost)} on the host, but to ${name(inside)} in QEMU's mount namespace`;
    const remedy = 'do not migrate: find out which is the right volume, and make both lead there';
    return problem(what, remedy, { device: identity(inside), open: identity(onHost) });
  }
  const disk = inside ?? onHost;
  if (disk && facts.sources.some((other) => isAboveItself(source, other, disk))) {
    const what = `the path is that of a backing file of ${source.source.disk}, but leads to ${name(disk)}, which lies above it in the same chain: whoever opens ${source.source.disk} anew, as the destination does, gets the wrong one`;
    const remedy = `do not migrate or save: a live snapshot re-pointed that path; ${powerCycle(facts)}, and libvirt reads the chain anew`;
    return problem(what, remedy, { open: identity(disk) });
  }
  const twin = disk && facts.sources.find((other) => isTwin(source, other, disk));
  if (disk && twin) {
    const what = `${source.source.disk} and ${twin.source.disk} both lead to ${name(disk)}, so one of them is the wrong volume`;
    const remedy = 'do not migrate: find out which of the two paths is wrong';
    return problem(what, remedy, { open: identity(disk) });
  }
  return {
    ...base,
    state: 'ok',
    what: 'the path leads to what QEMU holds open',
    evidence: { ...base.evidence, ...(disk ? { open: identity(disk) } : {}) },
  };
}

/**
 * A package of each host's own, whose upgrade leaves every running QEMU with the file that it replaced. The destination
 * gets the guest's copy of the code with its memory. Measured on QEMU 7.2.22: such a VM migrates.
 */
function isFirmwareCode(source: SourceFacts, facts: DomainFacts): boolean {
  return source.source.role === 'loader' && isReopened(source, facts) === false;
}

const replacedFirmware =
  'the firmware was replaced since the VM started; QEMU has the old file, and does not open it again to migrate';

/** Two writable disks of one VM cannot be the same volume, unless the admin said so with `<shareable/>`. */
function isTwin({ source }: SourceFacts, other: SourceFacts, disk: Disk): boolean {
  const exclusive = [source, other.source].every(
    ({ readonly, shareable, role }) => !readonly && !shareable && role !== 'node',
  );
  if (!exclusive || other.source.path === source.path) return false;
  return [other.namespace, other.host].some((resolved) => leadsTo(resolved, disk));
}

/**
 * OpenNebula's live snapshot of a qcow2 disk (src/tm_mad/qcow2/snap_create_live): libvirt goes on to call the file below
 * by the link that the VM was started with, and that link now leads to the newest file. libvirt hands its names over to
 * the destination. Measured on libvirt 9.0: there QEMU takes the disk for its own backing file and cannot lock it; what
 * was saved cannot be restored.
 */
function isAboveItself({ source }: SourceFacts, other: SourceFacts, disk: Disk): boolean {
  const isOfItsChain =
    source.role === 'backing' &&
    (other.source.role === 'disk' || other.source.role === 'backing') &&
    other.source.disk === source.disk &&
    other.source.path !== source.path;
  return isOfItsChain && [other.namespace, other.host].some((resolved) => leadsTo(resolved, disk));
}

function leadsTo(resolved: ResolvedPath, disk: Disk): boolean {
  const end = diskAt(resolved);
  return end !== undefined && sameIdentity(end, disk);
}

/** What QEMU may hold for it: first for `evidence.open`, then in words. */
function heldInstead(wrong: Disk, facts: DomainFacts): readonly [string, string] {
  const left = unclaimed(wrong.kind, facts);
  const [only] = left;
  if (only && left.length === 1) return [identity(only), name(only)];
  const all = left.map(identity).join(', ');
  if (left.length > 0 && left.length <= 4) return [all, `none but ${all}`];
  return ['', 'no such device or file'];
}

function name(disk: Disk): string {
  return disk.kind === 'block' ? `block device ${identity(disk)}` : `file ${identity(disk)}`;
}
