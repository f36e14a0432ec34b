import type { Domain } from '../../lab/harness';
import { diskOf } from '../qemu-stage';

/**
 * A live snapshot of the first disk, which has a qcow2 image: from then on the guest writes to a file in the
 * datastore. The disks' owner creates that file, because libvirt would leave it to root where dynamic_ownership is
 * off.
 * @returns its path
 */
export async function snapshotLive(domain: Domain, name = 'snapshot'): Promise<string> {
  const file = await createOverlay(domain, name);
  const options = ['--disk-only', '--no-metadata', '--reuse-external'];
  const disk = ['--diskspec', `vda,snapshot=external,file=${file}`];
  await domain.host.virsh('snapshot-create-as', domain.name, name, ...options, ...disk);
  return file;
}

/** The same by QEMU alone: libvirt does not learn of it. */
export async function snapshotBehindLibvirt(domain: Domain): Promise<string> {
  const file = await createOverlay(domain, 'behind');
  const [disk] = await domain.qmp<{ inserted: { 'node-name': string } }[]>('query-block');
  await domain.qmp('blockdev-snapshot-sync', {
    'node-name': disk?.inserted['node-name'],
    'snapshot-file': file,
    'snapshot-node-name': 'behind',
    format: 'qcow2',
    mode: 'existing',
  });
  return file;
}

async function createOverlay(domain: Domain, name: string): Promise<string> {
  const file = `/var/lib/one/datastores/0/${domain.vmId}/${name}`;
  const image = ['create', '-q', '-f', 'qcow2', '-u', '-b', diskOf(domain, 0).path, '-F', 'qcow2'];
  await domain.host.succeed(['qemu-img', ...image, file, '1M'], { as: 'oneadmin' });
  return file;
}
