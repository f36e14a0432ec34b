import type { Domain } from '../lab/harness';
import type { DiskKind } from './disk-kinds';
import { createImage, type RealOrder, targetOf, virsh } from './orders';

type Words = (domain: Domain, target: string, disk: { path: string; kind: DiskKind }) => readonly string[];

/** An order that does not make QEMU open the disk again, and so succeeds whatever is missing. */
function plain(name: string, words: Words, more: Partial<RealOrder> = {}): RealOrder {
  return {
    name,
    ...more,
    async run(_, { domain }, index, kind) {
      const path = domain.disks[index]?.path ?? '';
      const failure = await virsh(domain, ...words(domain, targetOf(domain, index), { path, kind }));
      await domain.expectCounting();
      return failure;
    },
  };
}

const changeMedium: RealOrder = {
  name: 'change-media',
  async run(_, { domain }) {
    const file = `/var/lib/one/datastores/0/${domain.vmId}/other.iso`;
    await createImage(domain, file, '-f', 'raw');
    const failure = await virsh(domain, 'change-media', domain.name, 'hda', file, '--update', '--live');
    await domain.expectCounting();
    return failure;
  },
};

/** Taken, and deleted at once: libvirt does not migrate a VM that has one. */
const internalSnapshot: RealOrder = {
  name: 'snapshot, internal',
  format: 'qcow2',
  async run(_, { domain }) {
    const failure = await virsh(domain, 'snapshot-create-as', domain.name, 'inside');
    if (failure === undefined) await domain.host.virsh('snapshot-delete', domain.name, 'inside');
    await domain.expectCounting();
    return failure;
  },
};

/** Of the very disk whose path is missing. The second disk of a VM is on SCSI: that needs no guest for it. */
const detach = plain('detach-disk', ({ name }, target) => ['detach-disk', name, target, '--live']);

/** libvirt makes what its path needs. */
const attach = plain('attach-disk', ({ name }, target, { path, kind: { type, format } }) => [
  ...['attach-disk', name, path, target, '--targetbus', 'scsi', '--live', '--sourcetype', type],
  ...['--subdriver', format, '--cache', 'none', '--io', 'native'],
]);

const resize = plain('blockresize', ({ name }, target) => ['blockresize', name, target, '1M']);

/** The guest starts again, from its first disk. */
const reset = plain('reset', ({ name }) => ['reset', name]);

/** After a snapshot: what is below the file of the guest is copied into that. */
export const pull = plain('blockpull', ({ name }, target) => ['blockpull', name, target, '--wait']);

/** The last one makes the path that is missing. */
export const plainOrders: readonly RealOrder[] = [
  resize,
  changeMedium,
  internalSnapshot,
  reset,
  detach,
  attach,
];
