import type { Entry, View } from '../../../src/file-tree/model/entry';
import { aDevice, aLink, missing, viewOf } from '../factories';

/**
 * The problem with the path of a VM's first disk:
 *   new-name       re-pointed through a name that QEMU's mount namespace does not have
 *   moved-link     the link by the volume's id leads elsewhere on the host than in QEMU's mount namespace
 *   other-device   the host's path leads to another volume than QEMU holds open
 *   gone           the link by the volume's id is missing on the host
 *   unreadable     QEMU's mount namespace cannot be read
 */
export type Ailment = 'none' | 'new-name' | 'moved-link' | 'other-device' | 'gone' | 'unreadable';

export const ordinaryNames = ['web', 'db', 'mail', 'build', 'cache', 'ldap', 'queue', 'backup'];

/** The two views of a StorPool disk: a link in the datastore, a link by the volume's id, the device. */
export function viewsOf(
  vmId: number,
  disk: number,
  ailment: Ailment,
): { readonly hostView: View; readonly qemuView: View } {
  const link = `/var/lib/one/datastores/0/${vmId}/disk.${disk}`;
  const byId = `/dev/storpool-byid/fir.b.${(vmId * 2 + disk).toString(36)}`;
  const device = `/dev/sp-${vmId * 2 + disk}`;
  const entries: Record<string, Entry> = {
    [link]: aLink(byId),
    [byId]: aLink(`../${device.slice('/dev/'.length)}`),
    [device]: aDevice(deviceOf(vmId, disk)),
  };
  const view = (changes: Record<string, Entry>): View => viewOf({ ...entries, ...changes });
  switch (ailment) {
    case 'none':
      return { hostView: view({}), qemuView: view({}) };
    case 'new-name': {
      const inside = view({});
      const hidden = (path: string): boolean => path.startsWith('/dev/storpool-byid');
      return { hostView: view({}), qemuView: (path) => (hidden(path) ? missing : inside(path)) };
    }
    case 'moved-link':
      return { hostView: view({}), qemuView: view({ [byId]: aLink('../sp-gone') }) };
    case 'other-device':
      return {
        hostView: view({ [byId]: aLink('../sp-9999'), '/dev/sp-9999': aDevice('252:9999') }),
        qemuView: view({}),
      };
    case 'gone':
      return { hostView: view({ [byId]: missing }), qemuView: view({}) };
    case 'unreadable':
      return { hostView: view({}), qemuView: view({ [byId]: { kind: 'unreadable', error: 'EIO' } }) };
  }
}

export function openDevices(vmId: number): ReturnType<typeof aDevice>[] {
  return [0, 1].map((disk) => aDevice(deviceOf(vmId, disk)));
}

function deviceOf(vmId: number, disk: number): string {
  return `252:${vmId * 2 + disk}`;
}
