import { inspectDomain } from '../block-state/inspect';
import type { Settings } from '../config/settings';
import type { BlockState } from '../core/finding';
import type { Domain } from '../hypervisor/model/domain-xml';
import type { VirshOrders } from '../hypervisor/qmp-client';
import type { QemuAsking } from './io/open-by-qemu';

/** How QEMU is asked to open the disks of a domain whose block state was not inspected yet. */
export function askingAbout(domain: Domain, settings: Settings, virsh: VirshOrders): QemuAsking {
  const blockState = async (): Promise<BlockState> =>
    (await inspectDomain(domain, settings, virsh)).blockState;
  return { virsh, settings, blockState };
}
