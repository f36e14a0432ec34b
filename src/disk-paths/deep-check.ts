import { inspectDomain } from '../block-state/inspect';
import type { Settings } from '../config/settings';
import { verdictOf, type BlockState, type DomainReport } from '../core/finding';
import { orders, type Order } from '../core/order';
import { unknownOf, type Unknown } from '../core/unknown';
import { reportNoFacts } from '../core/unreadable-domain';
import { Destination } from '../destination/destination';
import { findDomains, type Asked } from '../hypervisor/find-domains';
import type { HeldDomains } from '../hypervisor/hold-domain';
import type { Domain } from '../hypervisor/model/domain-xml';
import type { GuestDisk } from '../hypervisor/model/guest-disks';
import { blockNodesOf, guestDisksOf } from '../hypervisor/qmp-client';
import { readDomain } from '../hypervisor/status-files';
import { VirshSession } from '../hypervisor/virsh-session';
import { message } from '../messages';
import { checkHeldTogether, collectDomainFacts, plainCheck, report } from './check';
import { checks, checksWithoutInspection } from './checks';
import { askDestination } from './io/ask-destination';
import { collectPatiently } from './io/collect-patiently';
import { PathWait } from './io/path-wait';
import { openingByQemu } from './io/open-by-qemu';

interface CheckOptions {
  readonly settings: Settings;
  readonly deep: boolean;
  /** What must not fail. */
  readonly wanted: readonly Order[];
  readonly destination?: string | undefined;
}

interface CheckDomainOptions extends Omit<CheckOptions, 'destination'> {
  readonly destination?: Destination | undefined;
  /** The session by which a deep check asks QEMU. */
  readonly virsh: VirshSession;
  /** Holds the domain already. */
  readonly group?: HeldDomains;
  /** Paths that are missing are looked at again for that time. */
  readonly wait?: PathWait;
}

/** Reports for each domain, as soon as it is known, whether it can migrate. */
export async function* check(asked: Asked, options: CheckOptions): AsyncGenerator<DomainReport> {
  if (!options.deep && options.destination === undefined) {
    yield* plainCheck(asked, options.settings, options.wanted);
    return;
  }
  const { settings, deep, wanted, destination: host } = options;
  const destination = host === undefined ? undefined : new Destination(host, settings);
  const virsh = new VirshSession(settings.libvirt.deadline * 1000);
  const wait = new PathWait(destination ? settings.destination.wait : 0);
  try {
    // One at a time: each of these waits for QEMU or for another host.
    const check = (domain: Domain, group: HeldDomains): Promise<DomainReport> =>
      checkDomain(domain, { settings, deep, wanted, destination, virsh, group, wait });
    yield* checkHeldTogether(findDomains(asked, settings), asked, check, 1);
  } finally {
    destination?.end();
    virsh.end();
  }
}

/** One domain, whose lock or process the caller may hold. The hosts, QEMU and the kernel are asked at the same time. */
export async function checkDomain(domain: Domain, options: CheckDomainOptions): Promise<DomainReport> {
  const { settings, deep, wanted, virsh, destination: host } = options;
  const inspecting = deep ? inspectDomain(domain, settings, virsh) : undefined;
  const blockState = async (): Promise<BlockState> => (await inspecting)?.blockState ?? 'unknown';
  const toCollect = {
    open: true,
    askNodes: (uuid: string) => blockNodesOf(virsh, uuid),
    openByQemu: openingByQemu({ virsh, settings, blockState }),
  };
  const wait = options.wait ?? new PathWait(0);
  const collected = collectPatiently(
    () => collectDomainFacts(domain, deep ? toCollect : {}, options.group),
    wait,
  );
  const [facts, destination, block, guestDisks] = await Promise.all([
    collected,
    host ? askDestination(domain, host, collected, settings, wait) : {},
    inspecting,
    deep ? guestDisksNow(domain, settings, virsh) : undefined,
  ]);
  if ('why' in facts) return reportNoFacts(facts);
  const which = block ? checks : checksWithoutInspection;
  const known = { ...facts, ...destination, ...(guestDisks ? { guestDisks } : {}) };
  return withBlockState(report(known, which, wanted), block);
}

/**
 * The disks of the guest. libvirt delays the question during a snapshot or a pivot, so what it answers may be newer than
 * what this check knows of the domain.
 */
async function guestDisksNow(
  domain: Domain,
  { libvirt }: Settings,
  virsh: VirshSession,
): Promise<readonly GuestDisk[] | Unknown> {
  const disks = await guestDisksOf(virsh, domain.uuid);
  const now = readDomain(libvirt.stateDirectory, domain.name);
  const isSame = !now || 'why' in now || JSON.stringify(now.sources) === JSON.stringify(domain.sources);
  return isSame ? disks : unknownOf(message('disks-changed'));
}

/** A QEMU that an earlier failure left stuck or half-inactive cannot migrate, even if all its paths are right. */
function withBlockState(
  base: DomainReport,
  block: Pick<DomainReport, 'blockState' | 'findings'> | undefined,
): DomainReport {
  if (!block) return base;
  const found = block.findings.map((finding) => ({
    ...finding,
    affects: finding.state === 'ok' ? [] : orders,
  }));
  const findings = [...base.findings, ...found];
  return { ...base, blockState: block.blockState, findings, verdict: verdictOf(findings) };
}
