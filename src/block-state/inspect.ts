import type { Settings } from '../config/settings';
import type { DomainReport, Finding } from '../core/finding';
import { isUnknown, type Unknown } from '../core/unknown';
import { textOf } from '../messages';
import { reportNoFacts, reportOf } from '../core/unreadable-domain';
import { findDomains, type Asked } from '../hypervisor/find-domains';
import { holdQemu, remedyOfNotHeld } from '../hypervisor/hold-qemu';
import type { Domain } from '../hypervisor/model/domain-xml';
import { mayWaitForResume } from '../hypervisor/model/guest-origin';
import { QemuProcess } from '../hypervisor/process';
import { askQemu, jobOf, type VirshOrders } from '../hypervisor/qmp-client';
import { VirshSession } from '../hypervisor/virsh-session';
import { programOf } from './io/read-affected';
import { layoutFile, loadLayout } from './io/layout-store';
import { buildIdOf, locate, readMemory, type KnownQemu } from './io/process-memory';
import { readQemuLog } from './io/qemu-log';
import { readResetRecord } from './io/reset-record';
import type { BlockMemory } from './model/backend-list';
import { blockStateCheck, judgeMemory, type BlockJudgement } from './model/judge';
import { judgeLog } from './model/judge-log';

/** The block state in memory, and the layout it was read with; or why it was not read. */
export type MemoryReading = { readonly memory: BlockMemory; readonly known: KnownQemu } | Unknown;

export interface Inspection extends BlockJudgement {
  readonly reading: MemoryReading;
}

/**
 * The block state of each domain of `asked`, as soon as it is known; the verdict is of the block state alone. No guest is
 * paused.
 */
export async function* inspect(asked: Asked, settings: Settings): AsyncGenerator<DomainReport> {
  // One session for all domains: a libvirtd that hangs costs its deadline once.
  const virsh = new VirshSession(settings.libvirt.deadline * 1000);
  try {
    for await (const found of findDomains(asked, settings)) {
      yield 'why' in found ? reportNoFacts(found) : await inspectDomain(found, settings, virsh);
    }
  } finally {
    virsh.end();
  }
}

/** When QEMU itself is asked, if its memory cannot be read. */
type Asking =
  | 'always'
  /** Only if the log is unclear, or the guest may not have been resumed: the probe runs every few minutes for all VMs. */
  | 'if-uncertain'
  | 'never';

export async function inspectDomain(
  domain: Domain,
  settings: Settings,
  virsh: VirshOrders,
  asking: Asking = 'always',
): Promise<DomainReport> {
  const held = holdQemu(domain);
  if (isUnknown(held)) {
    const state = held.isForeign ? 'problem' : 'unknown';
    const remedy = remedyOfNotHeld(held, domain);
    return reportOf(domain, 'unknown', [{ check: blockStateCheck, state, what: held.unknown, remedy }]);
  }
  try {
    const { blockState, findings } = await inspectHeld(domain, held, settings, virsh, asking);
    const named = findings.map((finding) => withDisk(finding, domain));
    return { ...reportOf(domain, blockState, named), ...programOf(domain, held, blockState, settings) };
  } finally {
    held.close();
  }
}

/** From memory, which is complete and needs no answer of QEMU; without a layout from QEMU's log and its answers. */
export async function inspectHeld(
  domain: Domain,
  held: QemuProcess,
  settings: Settings,
  virsh: VirshOrders,
  asking: Asking = 'always',
): Promise<Inspection> {
  const reading = readMemoryByLayout(held, settings);
  if (!isUnknown(reading)) return { ...judgeMemory(reading.memory, domain.name), reading };
  const { logDirectory } = settings.libvirt;
  const log = readQemuLog(logDirectory, domain.name, held, readResetRecord(domain.name, held));
  const { uuid, state } = domain;
  const isClear =
    !isUnknown(log) && log.gap === undefined && log.signatures.length + log.complaints.length === 0;
  const mayWait = mayWaitForResume(held.origin, state === 'running');
  // While a guest arrives, and in some other jobs, libvirt delays every query (qemuDomainObjSetAsyncJobMask).
  const isFree = (): boolean => jobOf(settings.libvirt.stateDirectory, domain.name) === undefined;
  const asks = asking !== 'never' && (!isClear || ((asking === 'always' || mayWait) && isFree()));
  const answers = asks ? await askQemu(virsh, uuid) : undefined;
  const known = { why: reading.unknown, log, answers, origin: held.origin, state };
  return { ...judgeLog(known, domain.name), reading };
}

function readMemoryByLayout(held: QemuProcess, { reset }: Settings): MemoryReading {
  const buildId = buildIdOf(held);
  if (typeof buildId === 'object')
    return { unknown: textOf('build-not-known', { problem: buildId.unknown }) };
  const layout = loadLayout(reset.layoutDirectory, buildId);
  if (layout === undefined) {
    const file = layoutFile(reset.layoutDirectory, buildId);
    return { unknown: textOf('layout-not-known', { file, command: layoutCommand(held) }) };
  }
  if (isUnknown(layout)) return layout;
  const known = locate(held, layout);
  if (isUnknown(known)) return known;
  const memory = readMemory(held, known);
  if (isUnknown(memory)) return { unknown: textOf('memory-misfit', { problem: memory.unknown }) };
  return { memory, known };
}

/** A program file that was replaced since the start can still be read by its process. */
function layoutCommand(held: QemuProcess): string {
  const program = held.program() ?? 'PROGRAM';
  return `migrate-guard layout ${program.endsWith(' (deleted)') ? `/proc/${held.pid}/exe` : program}`;
}

/** The nodes of one disk have names with a common prefix (`libvirt-1-format`, `libvirt-1-storage`); libvirt's XML has one. */
function withDisk(finding: Finding, { sources }: Domain): Finding {
  const family = (node: string | undefined): string | undefined => /^libvirt-\d+-/.exec(node ?? '')?.[0];
  const own = family(finding.disk);
  const source = own === undefined ? undefined : sources.find(({ node }) => family(node) === own);
  return source ? { ...finding, disk: source.disk } : finding;
}
