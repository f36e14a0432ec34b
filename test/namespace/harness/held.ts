import type { Domain } from '../../../src/hypervisor/model/domain-xml';
import { holdDomain, type HeldDomain } from '../../../src/hypervisor/hold-domain';
import { FileTree } from '../../../src/file-tree/tree';
import type { Qemu, Stage } from './namespace-stage';

/** The domain as libvirt's files describe it: with one disk, a block device, or with a backing file. */
export function domainOf({ name, uuid, pid }: Qemu, path: string, role: 'disk' | 'backing' = 'disk'): Domain {
  const kind = { role, type: 'block', readonly: role === 'backing', shareable: false, direct: true } as const;
  return { name, uuid, pid, sources: [{ disk: 'vda', path, ...kind }], others: [] };
}

/** Runs `work` with the domain held, as the workflows do, with a new snapshot of the host. */
export async function whileHeld<T extends object>(
  domain: Domain,
  { host: { root } }: Stage,
  work: (held: HeldDomain, host: FileTree) => Promise<T>,
): Promise<T> {
  const host = FileTree.open(root);
  try {
    const done = await holdDomain(domain, (held) => work(held, host), root);
    if ('why' in done) throw new Error(done.why);
    return done;
  } finally {
    host.close();
  }
}
